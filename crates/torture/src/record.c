/* Records what a program does to the files below RECORD_ROOT, in the order in which it happens, to the file RECORD_FILE:
 * one record is a line, of a W its bytes follow. Inodes name files; a folder is named by its path below the root.
 *   C ino path          a file was created            M path           a folder was made
 *   W ino offset size   bytes were written            T ino size       a file was cut or extended to this size
 *   R from to           renamed (replaces)            L from to        hard link
 *   U path              unlinked                      D path           folder removed
 *   B id ino|path       a sync began                  E id             that sync succeeded
 * A sync returns RECORD_SYNC_MS milliseconds after it was made, and its E comes then: what the program does without
 * waiting for it is recorded before.
 * Writes through mappings are not recorded: SQLite keeps nothing durable in them. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
  int existed = NEXT(access)(path, F_OK) == 0;
  int file = opened(NEXT(open64)(path, flags, mode), path, flags, existed);
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

ssize_t write(int file, const void *bytes, size_t count) {
  struct stat found;
  if (!is_below(file, &found)) return NEXT(write)(file, bytes, count);
  pthread_mutex_lock(&lock);
  ssize_t done = NEXT(write)(file, bytes, count);
  wrote(file, bytes, done, -1);
  pthread_mutex_unlock(&lock);
  return done;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  struct stat found;
  if (!is_below(file, &found)) return NEXT(writev)(file, parts, count);
  /* One part at a time: a short write is allowed. */
  for (int n = 0; n < count; n++)
    if (parts[n].iov_len) return write(file, parts[n].iov_base, parts[n].iov_len);
  return 0;
}

#define PWRITE(name)                                                                \
  ssize_t name(int file, const void *bytes, size_t count, off_t offset) {           \
    pthread_mutex_lock(&lock);                                                      \
    ssize_t done = NEXT(name)(file, bytes, count, offset);                          \
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
    pthread_mutex_lock(&lock);                                                      \
    int done = NEXT(name)(file, size);                                              \
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
  int done = call(file);
  int failure = errno;
  wait_for_others();
  if (done == 0) record(NULL, 0, "E %ld\n", id);
  errno = failure;
  return done;
}

int fsync(int file) { return sync_with(NEXT(fsync), file); }
int fdatasync(int file) { return sync_with(NEXT(fdatasync), file); }

static int moved(const char *what, int done, const char *from, const char *to) {
  char one[PATH_MAX], two[PATH_MAX];
  const char *a = below(from, one), *b = below(to, two);
  if (done == 0 && (a || b)) record(NULL, 0, "%s %s\t%s\n", what, a ? a : "", b ? b : "");
  pthread_mutex_unlock(&lock);
  return done;
}

int rename(const char *from, const char *to) {
  pthread_mutex_lock(&lock);
  return moved("R", NEXT(rename)(from, to), from, to);
}

int link(const char *from, const char *to) {
  pthread_mutex_lock(&lock);
  return moved("L", NEXT(link)(from, to), from, to);
}

int linkat(int a, const char *from, int b, const char *to, int flags) {
  pthread_mutex_lock(&lock);
  return moved("L", NEXT(linkat)(a, from, b, to, flags), from, to);
}

static int changed(const char *what, int done, const char *path) {
  char buffer[PATH_MAX];
  const char *name = below(path, buffer);
  if (done == 0 && name) record(NULL, 0, "%s %s\n", what, name);
  pthread_mutex_unlock(&lock);
  return done;
}

int unlink(const char *path) {
  pthread_mutex_lock(&lock);
  return changed("U", NEXT(unlink)(path), path);
}

int unlinkat(int folder, const char *path, int flags) {
  char buffer[PATH_MAX];
  if (path[0] != '/' && folder != AT_FDCWD) {
    const char *name = below_at(folder, path, buffer);
    pthread_mutex_lock(&lock);
    int done = NEXT(unlinkat)(folder, path, flags);
    if (done == 0 && name) record(NULL, 0, "%s %s\n", flags & AT_REMOVEDIR ? "D" : "U", name);
    pthread_mutex_unlock(&lock);
    return done;
  }
  pthread_mutex_lock(&lock);
  return changed(flags & AT_REMOVEDIR ? "D" : "U", NEXT(unlinkat)(folder, path, flags), path);
}

int mkdir(const char *path, mode_t mode) {
  pthread_mutex_lock(&lock);
  return changed("M", NEXT(mkdir)(path, mode), path);
}

int rmdir(const char *path) {
  pthread_mutex_lock(&lock);
  return changed("D", NEXT(rmdir)(path), path);
}
