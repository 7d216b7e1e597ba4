/* A file system as shares, FAT disks and old NAS kernels have it, for all paths of one process or those below SHIM_DISK:
 *   SHIM_FOLDER_SYNC=22  fsync of a folder fails with that errno
 *   SHIM_NO_LINKS=1      hard links fail with that errno
 *   SHIM_FOLD=/path      names below that path are folded to small letters
 *   SHIM_FULL=file       while that file exists, writing to files below SHIM_DISK fails with ENOSPC
 *   SHIM_LOG=file        each mkdir and each synced folder is appended, as "mkdir PATH" and "sync PATH" */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int number(const char *name) {
  const char *value = getenv(name);
  return value ? atoi(value) : 0;
}

/* The path with its part below SHIM_FOLD in small letters. */
static const char *fold(const char *path, char *room) {
  const char *root = getenv("SHIM_FOLD");
  size_t length = root ? strlen(root) : 0;
  if (!root || !path || strncmp(path, root, length) != 0 || strlen(path) >= PATH_MAX) return path;
  strcpy(room, path);
  for (char *at = room + length; *at; at++) *at = (char)tolower((unsigned char)*at);
  return room;
}

static void note(const char *what, const char *path) {
  const char *log = getenv("SHIM_LOG");
  if (!log) return;
  int file = NEXT(open64)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return;
  dprintf(file, "%s %s\n", what, path);
  close(file);
}

static int path_of(int file, char *room) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = NEXT(readlink)(link, room, PATH_MAX - 1);
  if (length < 0) return -1;
  room[length] = 0;
  return 0;
}

int fsync(int file) {
  struct stat found;
  if (fstat(file, &found) == 0 && S_ISDIR(found.st_mode)) {
    if (number("SHIM_FOLDER_SYNC")) {
      errno = number("SHIM_FOLDER_SYNC");
      return -1;
    }
    char path[PATH_MAX];
    int done = NEXT(fsync)(file);
    if (done == 0 && path_of(file, path) == 0) note("sync", path);
    return done;
  }
  return NEXT(fsync)(file);
}

int fdatasync(int file) {
  struct stat found;
  if (number("SHIM_FOLDER_SYNC") && fstat(file, &found) == 0 && S_ISDIR(found.st_mode)) {
    errno = number("SHIM_FOLDER_SYNC");
    return -1;
  }
  return NEXT(fdatasync)(file);
}

static int is_full(int file) {
  const char *full = getenv("SHIM_FULL"), *disk = getenv("SHIM_DISK");
  char path[PATH_MAX];
  return full && disk && NEXT(access)(full, F_OK) == 0 && path_of(file, path) == 0 && strncmp(path, disk, strlen(disk)) == 0;
}

ssize_t write(int file, const void *bytes, size_t count) {
  if (is_full(file)) {
    /* Half of it still fits. */
    if (count < 2) {
      errno = ENOSPC;
      return -1;
    }
    static __thread int has_begun = 0;
    if (has_begun) {
      has_begun = 0;
      errno = ENOSPC;
      return -1;
    }
    has_begun = 1;
    count /= 2;
  }
  return NEXT(write)(file, bytes, count);
}

int link(const char *from, const char *to) {
  char one[PATH_MAX], two[PATH_MAX];
  if (number("SHIM_NO_LINKS")) {
    errno = number("SHIM_NO_LINKS");
    return -1;
  }
  return NEXT(link)(fold(from, one), fold(to, two));
}

int linkat(int a, const char *from, int b, const char *to, int flags) {
  char one[PATH_MAX], two[PATH_MAX];
  if (number("SHIM_NO_LINKS")) {
    errno = number("SHIM_NO_LINKS");
    return -1;
  }
  return NEXT(linkat)(a, fold(from, one), b, fold(to, two), flags);
}

int mkdir(const char *path, mode_t mode) {
  char room[PATH_MAX], whole[PATH_MAX];
  int done = NEXT(mkdir)(fold(path, room), mode);
  if (done == 0 && NEXT(realpath)(fold(path, room), whole)) note("mkdir", whole);
  return done;
}

int open64(const char *path, int flags, ...) {
  char room[PATH_MAX];
  va_list more;
  va_start(more, flags);
  mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return NEXT(open64)(fold(path, room), flags, mode);
}

int open(const char *path, int flags, ...) {
  char room[PATH_MAX];
  va_list more;
  va_start(more, flags);
  mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return NEXT(open)(fold(path, room), flags, mode);
}

int statx(int folder, const char *path, int flags, unsigned mask, struct statx *found) {
  char room[PATH_MAX];
  return NEXT(statx)(folder, fold(path, room), flags, mask, found);
}

int rename(const char *from, const char *to) {
  char one[PATH_MAX], two[PATH_MAX];
  return NEXT(rename)(fold(from, one), fold(to, two));
}

int unlink(const char *path) {
  char room[PATH_MAX];
  return NEXT(unlink)(fold(path, room));
}

int rmdir(const char *path) {
  char room[PATH_MAX];
  return NEXT(rmdir)(fold(path, room));
}

DIR *opendir(const char *path) {
  char room[PATH_MAX];
  return NEXT(opendir)(fold(path, room));
}

char *realpath(const char *path, char *room) {
  char folded[PATH_MAX];
  return NEXT(realpath)(fold(path, folded), room);
}
