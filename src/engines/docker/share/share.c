/*
 * share mount TYPE SOURCE FOLDER TARGET ro|rw
 * Makes FOLDER and TARGET in it, and mounts SOURCE at TARGET with the options on standard input: they may hold a password,
 * and nothing but this program and the kernel sees them. What is mounted there already stays as it is.
 *
 * share unmount FOLDER TARGET...
 * Unmounts what is mounted at each TARGET and removes it, and FOLDER after them. What is not there any more is no error.
 *
 * Ends with 0, or with the number of the error (13 is "permission denied"); 255 for arguments that it does not understand.
 * Freestanding, so that it runs in an image that holds nothing else.
 */
#if defined(__x86_64__)
enum { READ = 0, MKDIR_AT = 258, UNLINK_AT = 263, STAT_AT = 262, MOUNT = 165, UNMOUNT = 166, EXIT = 60 };
static long call(long number, long a, long b, long c, long d, long e) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call share\n");
#elif defined(__aarch64__)
enum { READ = 63, MKDIR_AT = 34, UNLINK_AT = 35, STAT_AT = 79, MOUNT = 40, UNMOUNT = 39, EXIT = 93 };
static long call(long number, long a, long b, long c, long d, long e) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}
__asm__(".globl _start\n_start: mov x0, sp\n bl share\n");
#endif

enum { AT_FDCWD = -100, REMOVE_FOLDER = 0x200, NO_FOLLOW = 0x100 };
enum { READ_ONLY = 1, NO_SET_USER = 2, NO_DEVICES = 4, DETACH = 2, UNMOUNT_NO_FOLLOW = 8 };
enum { NOT_THERE = -2, INTERRUPTED = -4, THERE = -17, NOT_A_FOLDER = -20, NOTHING_MOUNTED = -22, NOT_UNDERSTOOD = 255 };
static char options[8192];
/* struct stat of either processor: the number of the file system is its first word. */
static unsigned long status[32];

static __attribute__((noreturn)) void end(long code) {
  for (;;) call(EXIT, code, 0, 0, 0, 0);
}

static int isWord(const char *given, const char *word) {
  while (*given && *given == *word) given++, word++;
  return *given == *word;
}

static void makeFolder(const char *path) {
  long result = call(MKDIR_AT, AT_FDCWD, (long)path, 0700, 0, 0);
  if (result < 0 && result != THERE) end(-result);
}

static unsigned long fileSystemOf(const char *path) {
  long result = call(STAT_AT, AT_FDCWD, (long)path, (long)status, NO_FOLLOW, 0);
  if (result < 0) end(-result);
  return status[0];
}

static void readOptions(void) {
  for (unsigned long at = 0;;) {
    long got = call(READ, 0, (long)(options + at), sizeof options - 1 - at, 0, 0);
    if (got == INTERRUPTED) continue;
    if (got < 0) end(-got);
    if (got == 0) return;
    at += got;
    if (at == sizeof options - 1) end(NOT_UNDERSTOOD);
  }
}

static void mountAt(char **words) {
  const char *type = words[0], *source = words[1], *folder = words[2], *target = words[3];
  makeFolder(folder);
  makeFolder(target);
  if (fileSystemOf(folder) != fileSystemOf(target)) end(0);
  readOptions();
  long flags = NO_SET_USER | NO_DEVICES | (isWord(words[4], "ro") ? READ_ONLY : 0);
  end(-call(MOUNT, (long)source, (long)target, (long)type, flags, (long)options));
}

static void removeFolder(const char *path) {
  long result = call(UNLINK_AT, AT_FDCWD, (long)path, REMOVE_FOLDER, 0, 0);
  if (result < 0 && result != NOT_THERE) end(-result);
}

static void unmountAll(char **words, long count) {
  for (long index = 1; index < count; index++) {
    long result = call(UNMOUNT, (long)words[index], DETACH | UNMOUNT_NO_FOLLOW, 0, 0, 0);
    if (result < 0 && result != NOT_THERE && result != NOTHING_MOUNTED && result != NOT_A_FOLDER) end(-result);
    removeFolder(words[index]);
  }
  removeFolder(words[0]);
  end(0);
}

__attribute__((noreturn, used)) void share(long *stack) {
  char **words = (char **)(stack + 1);
  long count = stack[0];
  if (count == 7 && isWord(words[1], "mount")) mountAt(words + 2);
  if (count > 2 && isWord(words[1], "unmount")) unmountAll(words + 2, count - 2);
  end(NOT_UNDERSTOOD);
}
