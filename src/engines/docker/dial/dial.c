/*
 * dial ADDRESS PORT
 * Connects to an IPv4 address and carries bytes: standard input to the connection, the connection to standard output.
 * Writes one dot to standard error as soon as it runs. Ends when either side ends: 0, or the number of the error that
 * kept it from connecting (111 is "connection refused"); 255 for arguments that it does not understand.
 * Freestanding, so that it runs in an image that holds nothing else.
 */
#if defined(__x86_64__)
enum { READ = 0, WRITE = 1, SOCKET = 41, CONNECT = 42, FCNTL = 72, PPOLL = 271, EXIT = 60 };
static long call(long number, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call dial\n");
#elif defined(__aarch64__)
enum { READ = 63, WRITE = 64, SOCKET = 198, CONNECT = 203, FCNTL = 25, PPOLL = 73, EXIT = 93 };
static long call(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}
__asm__(".globl _start\n_start: mov x0, sp\n bl dial\n");
#endif

enum { INTERNET = 2, STREAM = 1, NOT_BLOCKING = 04000, CLOSE_ON_EXECUTE = 02000000, SET_FLAGS = 4 };
enum { INTERRUPTED = -4, UNDER_WAY = -115, UNDER_WAY_ALREADY = -114, CONNECTED_ALREADY = -106 };
enum { READABLE = 1, WRITABLE = 4, NOT_UNDERSTOOD = 255 };

struct place { unsigned short family; unsigned char port[2]; unsigned char address[4]; unsigned char rest[8]; };
struct watched { int file; short wanted; short seen; };
static char bytes[1 << 14];

static __attribute__((noreturn)) void end(long code) {
  for (;;) call(EXIT, code, 0, 0, 0);
}

/* The number that TEXT begins with; moves TEXT behind it. */
static long numberIn(const char **text, long most) {
  long number = 0;
  if (**text < '0' || **text > '9') end(NOT_UNDERSTOOD);
  for (; **text >= '0' && **text <= '9'; ++*text) {
    number = number * 10 + (**text - '0');
    if (number > most) end(NOT_UNDERSTOOD);
  }
  return number;
}

/* Carries what there is from one file to another; ends the program at the end of either. */
static void carry(long from, long to) {
  long got = call(READ, from, (long)bytes, sizeof bytes, 0);
  if (got == INTERRUPTED) return;
  if (got <= 0) end(0);
  for (long at = 0; at < got;) {
    long put = call(WRITE, to, (long)(bytes + at), got - at, 0);
    if (put < 0 && put != INTERRUPTED) end(0);
    if (put > 0) at += put;
  }
}

__attribute__((noreturn, used)) void dial(long *stack) {
  const char **arguments = (const char **)(stack + 1);
  if (stack[0] != 3) end(NOT_UNDERSTOOD);
  struct place place = { .family = INTERNET };
  const char *address = arguments[1], *port = arguments[2];
  for (int part = 0; part < 4; part++) {
    place.address[part] = numberIn(&address, 255);
    if (*address++ != (part < 3 ? '.' : 0)) end(NOT_UNDERSTOOD);
  }
  long number = numberIn(&port, 65535);
  if (*port) end(NOT_UNDERSTOOD);
  place.port[0] = number >> 8;
  place.port[1] = number;
  call(WRITE, 2, (long)".", 1, 0);
  long connection = call(SOCKET, INTERNET, STREAM | NOT_BLOCKING | CLOSE_ON_EXECUTE, 0, 0);
  if (connection < 0) end(-connection);
  int connected = 0;
  for (;;) {
    if (!connected) {
      long result = call(CONNECT, connection, (long)&place, sizeof place, 0);
      connected = result == 0 || result == CONNECTED_ALREADY;
      if (!connected && result != UNDER_WAY && result != UNDER_WAY_ALREADY && result != INTERRUPTED) end(-result);
      if (connected) call(FCNTL, connection, SET_FLAGS, 0, 0);
    }
    /* Until it is connected only the end of standard input counts: whoever asked has lost patience. */
    struct watched watched[2] = { { 0, connected ? READABLE : 0, 0 }, { connection, connected ? READABLE : WRITABLE, 0 } };
    if (call(PPOLL, (long)watched, 2, 0, 0) < 0) continue;
    if (watched[0].seen && !connected) end(0);
    if (watched[0].seen) carry(0, connection);
    if (watched[1].seen && connected) carry(connection, 1);
  }
}
