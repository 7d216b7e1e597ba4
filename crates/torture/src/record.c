/* Records what a program does to the files below RECORD_ROOT, in the order in which it happens, to the file RECORD_FILE:
 * one record is a line, of a W its bytes follow. Inodes name files; a folder is named by its path below the root.
 *   C ino path          a file was created            M path           a folder was made
 *   W ino offset size   bytes were written            T ino size       a file was cut or extended to this size
 *   R from to           renamed (replaces)            L from to        hard link
 *   U path              unlinked                      D path           folder removed
 *   B id ino|path       a sync began                  E id             that sync succeeded
 * A sync returns RECORD_SYNC_MS milliseconds after it was made, and its E comes then: what the program does without
 * waiting for it is recorded before.
 * Writes through mappings are not recorded: SQLite keeps nothing durable in them.
 *
 * The same operations, and HTTP messages that are sent, are the steps of a process. While the file STEPS_ORDER exists, they
 * are counted, and each is a line of STEPS_FILE: its number, a letter as above (S sync, A answer, Q request), and its path.
 * STEPS_ORDER has a number, what happens at that step, once, and an errno: "before" or "after" it the process kills itself,
 * "error" fails it with the errno, "drop" leaves it undone and reports success. A letter and a part of a path may follow:
 * then the number counts only such steps. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* An operation and its record are one step: the order of the records is the order of what happened. Syncs take long and
 * are outside; their begin and end are recorded. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long syncs;

static const char *root(void) {
  static const char *value;
  if (!value) value = getenv("RECORD_ROOT");
  return value ? value : "";
}

/* The path below the root; NULL elsewhere. */
static const char *below(const char *path, char *buffer) {
  size_t length = strlen(root());
  if (length == 0 || !path) return NULL;
  if (path[0] != '/') {
    if (!getcwd(buffer, PATH_MAX)) return NULL;
    strncat(buffer, "/", PATH_MAX - strlen(buffer) - 1);
    strncat(buffer, path, PATH_MAX - strlen(buffer) - 1);
    path = buffer;
  }
  if (strncmp(path, root(), length) != 0 || (path[length] != '/' && path[length] != 0)) return NULL;
  return path[length] ? path + length + 1 : path + length;
}

/* The full path of an open file. */
static int path_of(int file, char *buffer) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, buffer, PATH_MAX - 1);
  if (length < 0) return -1;
  buffer[length] = 0;
  return 0;
}

static const char *below_at(int folder, const char *path, char *buffer) {
  if (path[0] == '/' || folder == AT_FDCWD) return below(path, buffer);
  if (path_of(folder, buffer) != 0) return NULL;
  strncat(buffer, "/", PATH_MAX - strlen(buffer) - 1);
  strncat(buffer, path, PATH_MAX - strlen(buffer) - 1);
  return below(buffer, buffer);
}

/* The path of an open file below the root. */
static const char *of_file(int file, char *buffer) { return path_of(file, buffer) == 0 ? below(buffer, buffer) : NULL; }

static void record(const void *bytes, size_t size, const char *format, ...) {
  static int log = -1;
  int kept = errno;
  if (!getenv("RECORD_FILE")) return;
  if (log < 0) log = NEXT(open64)(getenv("RECORD_FILE"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  char line[3 * PATH_MAX];
  va_list values;
  va_start(values, format);
  int length = vsnprintf(line, sizeof line, format, values);
  va_end(values);
  struct iovec parts[2] = {{line, (size_t)length}, {(void *)bytes, size}};
  ssize_t done = NEXT(writev)(log, parts, bytes ? 2 : 1);
  if (done != (ssize_t)((size_t)length + (bytes ? size : 0))) abort();
  errno = kept;
}

enum { GO = 0, DROP = -1 };

static pthread_mutex_t counting = PTHREAD_MUTEX_INITIALIZER;
static __thread int dies_after;

static void die(void) {
  kill(getpid(), SIGKILL);
  for (;;) pause();
}

/* Counts a step that is about to begin. Returns GO, DROP or the errno with which it fails. */
static int begin_step(char what, const char *path) {
  static long count, matching;
  static int file = -1;
  int kept = errno, verdict = GO;
  const char *order = getenv("STEPS_ORDER");
  if (!order || !path) return GO;
  pthread_mutex_lock(&counting);
  int armed = NEXT(open64)(order, O_RDONLY | O_CLOEXEC);
  if (armed >= 0) {
    char text[64] = "", line[PATH_MAX + 32], how[16] = "", only = 0, part[16] = "";
    long at = 0, number = 0;
    ssize_t length = read(armed, text, sizeof text - 1);
    close(armed);
    text[length > 0 ? length : 0] = 0;
    sscanf(text, "%ld %15s %ld %c %15s", &at, how, &number, &only, part);
    if (file < 0) file = NEXT(open64)(getenv("STEPS_FILE"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    count++;
    int size = snprintf(line, sizeof line, "%ld %c %s\n", count, what, path);
    if (NEXT(write)(file, line, (size_t)size) != size) abort();
    if (!only || (only == what && strstr(path, part))) matching++;
    else at = -1;
    if (matching == at) {
      NEXT(unlink)(order);
      if (strcmp(how, "before") == 0) die();
      if (strcmp(how, "after") == 0) dies_after = 1;
      if (strcmp(how, "drop") == 0) verdict = DROP;
      if (strcmp(how, "error") == 0) verdict = (int)number;
    }
  }
  pthread_mutex_unlock(&counting);
  errno = kept;
  return verdict;
}

static void end_step(void) {
  if (dies_after) die();
}

/* Does a step: `call` returns `undone` when the step is dropped, and -1 when it fails. */
#define STEP(done, what, path, undone, call)  \
  do {                                        \
    int verdict = begin_step(what, path);     \
    if (verdict > 0) {                        \
      errno = verdict;                        \
      (done) = -1;                            \
    } else if (verdict == DROP) {             \
      (done) = (undone);                      \
    } else {                                  \
      (done) = (call);                        \
      end_step();                             \
    }                                         \
  } while (0)

static int is_below(int file, struct stat *found) {
  char buffer[PATH_MAX];
  return fstat(file, found) == 0 && S_ISREG(found->st_mode) && of_file(file, buffer) != NULL;
}

static int opened(int file, const char *path, int flags, int existed) {
  struct stat found;
  char buffer[PATH_MAX];
  const char *name = path ? below(path, buffer) : NULL;
  if (file < 0 || !name || fstat(file, &found) != 0 || !S_ISREG(found.st_mode)) return file;
  if (!existed) record(NULL, 0, "C %lu %s\n", (unsigned long)found.st_ino, name);
  else if (flags & O_TRUNC) record(NULL, 0, "T %lu 0\n", (unsigned long)found.st_ino);
  return file;
}

static int open_any(const char *path, int flags, mode_t mode) {
  char buffer[PATH_MAX];
  int changes = flags & (O_CREAT | O_TRUNC);
  if (!changes || !below(path, buffer)) return NEXT(open64)(path, flags, mode);
  pthread_mutex_lock(&lock);
  int existed = NEXT(access)(path, F_OK) == 0, file;
  const char *changed = existed && !(flags & O_TRUNC) ? NULL : below(path, buffer);
  STEP(file, existed ? 'T' : 'C', changed, NEXT(open64)(path, flags, mode), NEXT(open64)(path, flags, mode));
  file = opened(file, path, flags, existed);
  pthread_mutex_unlock(&lock);
  return file;
}

static mode_t mode_of(int flags, va_list more) { return flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0; }

#define OPEN(name)                          \
  int name(const char *path, int flags, ...) { \
    va_list more;                           \
    va_start(more, flags);                  \
    mode_t mode = mode_of(flags, more);     \
    va_end(more);                           \
    return open_any(path, flags, mode);     \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                     \
  int name(int folder, const char *path, int flags, ...) {  \
    va_list more;                                        \
    va_start(more, flags);                               \
    mode_t mode = mode_of(flags, more);                  \
    va_end(more);                                        \
    char buffer[PATH_MAX];                                 \
    if (path[0] == '/' || folder == AT_FDCWD) return open_any(path, flags, mode); \
    if ((flags & (O_CREAT | O_TRUNC)) && below_at(folder, path, buffer)) abort(); \
    return NEXT(openat64)(folder, path, flags, mode);    \
  }
OPENAT(openat)
OPENAT(openat64)

static void wrote(int file, const void *bytes, ssize_t done, off_t offset) {
  struct stat found;
  if (done <= 0 || !is_below(file, &found)) return;
  if (offset < 0) offset = lseek(file, 0, SEEK_CUR) - done;
  record(bytes, (size_t)done, "W %lu %ld %zd\n", (unsigned long)found.st_ino, (long)offset, done);
}

/* A letter for an HTTP message on a socket, 0 for everything else. */
static char message(int file, const void *bytes, size_t count) {
  struct stat found;
  if (!getenv("STEPS_ORDER") || count < 5 || fstat(file, &found) != 0 || !S_ISSOCK(found.st_mode)) return 0;
  if (memcmp(bytes, "HTTP/", 5) == 0) return 'A';
  return memcmp(bytes, "GET ", 4) == 0 || memcmp(bytes, "POST ", 5) == 0 ? 'Q' : 0;
}

ssize_t write(int file, const void *bytes, size_t count) {
  struct stat found;
  char buffer[PATH_MAX];
  ssize_t done;
  if (!is_below(file, &found)) {
    char what = message(file, bytes, count);
    STEP(done, what, what ? "" : NULL, (ssize_t)count, NEXT(write)(file, bytes, count));
    return done;
  }
  pthread_mutex_lock(&lock);
  STEP(done, 'W', of_file(file, buffer), (ssize_t)count, NEXT(write)(file, bytes, count));
  wrote(file, bytes, done, -1);
  pthread_mutex_unlock(&lock);
  return done;
}

#define SEND(name, parameters, arguments)                                   \
  ssize_t name parameters {                                                 \
    ssize_t done;                                                           \
    char what = message(file, bytes, count);                                \
    STEP(done, what, what ? "" : NULL, (ssize_t)count, NEXT(name)arguments); \
    return done;                                                            \
  }
SEND(send, (int file, const void *bytes, size_t count, int flags), (file, bytes, count, flags))
SEND(sendto, (int file, const void *bytes, size_t count, int flags, const struct sockaddr *to, socklen_t size),
     (file, bytes, count, flags, to, size))

ssize_t writev(int file, const struct iovec *parts, int count) {
  struct stat found;
  if (!is_below(file, &found)) {
    ssize_t done;
    size_t size = 0;
    for (int n = 0; n < count; n++) size += parts[n].iov_len;
    char what = count > 0 ? message(file, parts[0].iov_base, parts[0].iov_len) : 0;
    STEP(done, what, what ? "" : NULL, (ssize_t)size, NEXT(writev)(file, parts, count));
    return done;
  }
  /* One part at a time: a short write is allowed. */
  for (int n = 0; n < count; n++)
    if (parts[n].iov_len) return write(file, parts[n].iov_base, parts[n].iov_len);
  return 0;
}

#define PWRITE(name)                                                                \
  ssize_t name(int file, const void *bytes, size_t count, off_t offset) {           \
    char buffer[PATH_MAX];                                                          \
    ssize_t done;                                                                   \
    pthread_mutex_lock(&lock);                                                      \
    STEP(done, 'W', of_file(file, buffer), (ssize_t)count, NEXT(name)(file, bytes, count, offset)); \
    wrote(file, bytes, done, offset);                                               \
    pthread_mutex_unlock(&lock);                                                    \
    return done;                                                                    \
  }
PWRITE(pwrite)
PWRITE(pwrite64)

/* Copies by the kernel become reads and writes, which are recorded. */
ssize_t copy_file_range(int from, off_t *from_at, int to, off_t *to_at, size_t count, unsigned flags) {
  struct stat found;
  if (!is_below(to, &found)) return NEXT(copy_file_range)(from, from_at, to, to_at, count, flags);
  errno = ENOSYS;
  return -1;
}

ssize_t sendfile(int to, int from, off_t *at, size_t count);
ssize_t sendfile(int to, int from, off_t *at, size_t count) {
  struct stat found;
  if (!is_below(to, &found)) return NEXT(sendfile)(to, from, at, count);
  errno = ENOSYS;
  return -1;
}

ssize_t sendfile64(int to, int from, off_t *at, size_t count);
ssize_t sendfile64(int to, int from, off_t *at, size_t count) { return sendfile(to, from, at, count); }

#define TRUNCATE(name)                                                              \
  int name(int file, off_t size) {                                                  \
    struct stat found;                                                              \
    char buffer[PATH_MAX];                                                          \
    int done;                                                                       \
    pthread_mutex_lock(&lock);                                                      \
    STEP(done, 'T', of_file(file, buffer), 0, NEXT(name)(file, size));              \
    if (done == 0 && is_below(file, &found))                                        \
      record(NULL, 0, "T %lu %ld\n", (unsigned long)found.st_ino, (long)size);      \
    pthread_mutex_unlock(&lock);                                                    \
    return done;                                                                    \
  }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

static void wait_for_others(void) {
  const char *value = getenv("RECORD_SYNC_MS");
  long ms = value ? atol(value) : 0;
  struct timespec left = {ms / 1000, ms % 1000 * 1000000};
  while (nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

static int sync_with(int (*call)(int), int file) {
  struct stat found;
  char buffer[PATH_MAX];
  const char *path = of_file(file, buffer);
  if (!path || fstat(file, &found) != 0) return call(file);
  pthread_mutex_lock(&lock);
  /* Unique among processes too. */
  long id = ++syncs * 4194304L + (long)getpid();
  if (S_ISDIR(found.st_mode)) record(NULL, 0, "B %ld /%s\n", id, path);
  else record(NULL, 0, "B %ld %lu\n", id, (unsigned long)found.st_ino);
  pthread_mutex_unlock(&lock);
  int done;
  STEP(done, 'S', path, 0, call(file));
  int failure = errno;
  wait_for_others();
  if (done == 0) record(NULL, 0, "E %ld\n", id);
  errno = failure;
  return done;
}

int fsync(int file) { return sync_with(NEXT(fsync), file); }
int fdatasync(int file) { return sync_with(NEXT(fdatasync), file); }

static const char *either(const char *from, const char *to, char *buffer) {
  const char *path = below(to, buffer);
  return path ? path : below(from, buffer);
}

static int moved(const char *what, int done, const char *from, const char *to) {
  char one[PATH_MAX], two[PATH_MAX];
  const char *a = below(from, one), *b = below(to, two);
  if (done == 0 && (a || b)) record(NULL, 0, "%s %s\t%s\n", what, a ? a : "", b ? b : "");
  pthread_mutex_unlock(&lock);
  return done;
}

int rename(const char *from, const char *to) {
  char buffer[PATH_MAX];
  int done;
  pthread_mutex_lock(&lock);
  STEP(done, 'R', either(from, to, buffer), 0, NEXT(rename)(from, to));
  return moved("R", done, from, to);
}

int link(const char *from, const char *to) {
  char buffer[PATH_MAX];
  int done;
  pthread_mutex_lock(&lock);
  STEP(done, 'L', either(from, to, buffer), 0, NEXT(link)(from, to));
  return moved("L", done, from, to);
}

int linkat(int a, const char *from, int b, const char *to, int flags) {
  char buffer[PATH_MAX];
  int done;
  pthread_mutex_lock(&lock);
  STEP(done, 'L', either(from, to, buffer), 0, NEXT(linkat)(a, from, b, to, flags));
  return moved("L", done, from, to);
}

static int changed(const char *what, int done, const char *path) {
  char buffer[PATH_MAX];
  const char *name = below(path, buffer);
  if (done == 0 && name) record(NULL, 0, "%s %s\n", what, name);
  pthread_mutex_unlock(&lock);
  return done;
}

int unlink(const char *path) {
  char buffer[PATH_MAX];
  int done;
  pthread_mutex_lock(&lock);
  STEP(done, 'U', below(path, buffer), 0, NEXT(unlink)(path));
  return changed("U", done, path);
}

int unlinkat(int folder, const char *path, int flags) {
  char buffer[PATH_MAX];
  const char *what = flags & AT_REMOVEDIR ? "D" : "U";
  if (path[0] != '/' && folder != AT_FDCWD) {
    const char *name = below_at(folder, path, buffer);
    int done;
    pthread_mutex_lock(&lock);
    STEP(done, what[0], name, 0, NEXT(unlinkat)(folder, path, flags));
    if (done == 0 && name) record(NULL, 0, "%s %s\n", what, name);
    pthread_mutex_unlock(&lock);
    return done;
  }
  int done;
  pthread_mutex_lock(&lock);
  STEP(done, what[0], below(path, buffer), 0, NEXT(unlinkat)(folder, path, flags));
  return changed(what, done, path);
}

int mkdir(const char *path, mode_t mode) {
  char buffer[PATH_MAX];
  int done;
  pthread_mutex_lock(&lock);
  STEP(done, 'M', below(path, buffer), 0, NEXT(mkdir)(path, mode));
  return changed("M", done, path);
}

int rmdir(const char *path) {
  char buffer[PATH_MAX];
  int done;
  pthread_mutex_lock(&lock);
  STEP(done, 'D', below(path, buffer), 0, NEXT(rmdir)(path));
  return changed("D", done, path);
}
