/*
 * enter FILE PROGRAM ARGUMENT...
 * Adds the NUL-separated NAME=VALUE entries of FILE to the environment and becomes PROGRAM, found through
 * PATH as execvp would. Exit code 127: PROGRAM was not found; 126: it may not be run; 125: FILE is unreadable.
 * Freestanding, so that it runs in an image that holds nothing else.
 */
#if defined(__x86_64__)
enum { OPEN_AT = 257, READ = 0, WRITE = 1, EXECVE = 59, EXIT = 60 };
static long call(long number, long a, long b, long c, long d) {
  long result;
  register long r10 __asm__("r10") = d;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call enter\n");
#elif defined(__aarch64__)
enum { OPEN_AT = 56, READ = 63, WRITE = 64, EXECVE = 221, EXIT = 93 };
static long call(long number, long a, long b, long c, long d) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
  return x0;
}
__asm__(".globl _start\n_start: mov x0, sp\n bl enter\n");
#endif

enum { AT_FDCWD = -100, CLOSE_ON_EXECUTE = 02000000, NO_SUCH_FILE = -2, NOT_A_DIRECTORY = -20, ENTRIES = 1024 };
static char contents[1 << 20];
static char *environment[ENTRIES + 1];
static char path[4096];

static unsigned long lengthOf(const char *text) {
  unsigned long length = 0;
  while (text[length]) length++;
  return length;
}

static __attribute__((noreturn)) void fail(int code, const char *sentence, const char *name) {
  call(WRITE, 2, (long)sentence, lengthOf(sentence), 0);
  call(WRITE, 2, (long)name, lengthOf(name), 0);
  call(WRITE, 2, (long)"\n", 1, 0);
  for (;;) call(EXIT, code, 0, 0, 0);
}

static int hasSlash(const char *text) {
  for (; *text; text++) if (*text == '/') return 1;
  return 0;
}

/* Runs PROGRAM from each folder of PATH in turn; comes back only when none of them could be run. */
static long runFromPath(const char *folders, char **arguments) {
  long worst = NO_SUCH_FILE;
  while (1) {
    unsigned long length = 0;
    while (*folders && *folders != ':' && length < sizeof path - 2) path[length++] = *folders++;
    if (length == 0) path[length++] = '.';
    path[length++] = '/';
    for (const char *from = arguments[0]; *from && length < sizeof path - 1;) path[length++] = *from++;
    path[length] = 0;
    long result = call(EXECVE, (long)path, (long)arguments, (long)environment, 0);
    if (result != NO_SUCH_FILE && result != NOT_A_DIRECTORY) worst = result;
    if (*folders != ':') return worst;
    folders++;
  }
}

__attribute__((noreturn, used)) void enter(long *stack) {
  long count = stack[0];
  char **arguments = (char **)(stack + 1);
  char **inherited = arguments + count + 1;
  if (count < 3) fail(125, "enter: nothing to run", "");
  long file = call(OPEN_AT, AT_FDCWD, (long)arguments[1], CLOSE_ON_EXECUTE, 0);
  if (file < 0) fail(125, "enter: cannot read the environment from ", arguments[1]);
  unsigned long size = 0;
  for (long got; (got = call(READ, file, (long)(contents + size), sizeof contents - 1 - size, 0)) > 0;) size += got;
  const char *folders = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  int used = 0;
  for (; *inherited && used < ENTRIES; inherited++) {
    environment[used++] = *inherited;
    const char *entry = *inherited;
    if (entry[0] == 'P' && entry[1] == 'A' && entry[2] == 'T' && entry[3] == 'H' && entry[4] == '=') folders = entry + 5;
  }
  for (unsigned long at = 0; at < size && used < ENTRIES; at += lengthOf(contents + at) + 1) environment[used++] = contents + at;
  char **program = arguments + 2;
  long result = hasSlash(program[0]) ? call(EXECVE, (long)program[0], (long)program, (long)environment, 0)
                                     : runFromPath(folders, program);
  if (result == NO_SUCH_FILE || result == NOT_A_DIRECTORY) fail(127, "enter: no such program: ", program[0]);
  fail(126, "enter: may not be run: ", program[0]);
}
