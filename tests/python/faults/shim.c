/* Stands between a process and the C library (LD_PRELOAD), and has one call that changes files fail.
 *
 * Calls are counted that change what is below one folder. At the call with a number, `faults_arm` has one of these happen:
 * an error (once, or from there on, as on a full disk), half of a write, the end of the process before the call or after
 * half of a write.
 *
 * What is brought to the disk is remembered, so that a test can tell what a power cut would leave: a copy of every file
 * when it was synced last, `SHADOW/data-INODE`, and the names in every folder when that was, `SHADOW/names-INODE`.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum action { NOTHING, FAIL, FAIL_ON, SHORT, KILL, KILL_HALF };

static char folder[PATH_MAX], shadow[PATH_MAX];
static int action = NOTHING, error_number;
static long number;
static atomic_long calls;
static atomic_int armed;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

void faults_arm(const char *below, const char *remembered, long at, int what, int error) {
    snprintf(folder, sizeof folder, "%s", below);
    snprintf(shadow, sizeof shadow, "%s", remembered);
    number = at;
    action = what;
    error_number = error;
    calls = 0;
    armed = 1;
}

long faults_disarm(void) {
    armed = 0;
    return calls;
}

static int is_below(const char *path) {
    size_t length = strlen(folder);
    return armed && strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == 0);
}

static int path_of(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return length > 0;
}

static int concerns_file(int file) {
    char path[PATH_MAX];
    int before = errno;
    int found = armed && path_of(file, path) && is_below(path);
    errno = before;
    return found;
}

static int concerns_path(const char *path) {
    char whole[2 * PATH_MAX];
    if (!armed || path == NULL)
        return 0;
    if (path[0] == '/')
        return is_below(path);
    if (getcwd(whole, PATH_MAX) == NULL)
        return 0;
    size_t length = strlen(whole);
    snprintf(whole + length, sizeof whole - length, "/%s", path);
    return is_below(whole);
}

/* Counts a call; gives whether it is to fail. `takes_space` tells what a full disk refuses, `half` does half of a write. */
static int strikes(int takes_space, void (*half)(void *), void *context) {
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (action == FAIL_ON ? call < number || (error_number == ENOSPC && !takes_space) : call != number)
        return 0;
    switch (action) {
    case KILL_HALF:
        if (half != NULL)
            half(context);
        _exit(77);
    case KILL:
        _exit(77);
    case FAIL:
    case FAIL_ON:
        errno = error_number;
        return 1;
    case SHORT:
        return half != NULL ? 2 : 0;
    default:
        return 0;
    }
}

/* What a power cut leaves. */

static void copy_file(int file, ino_t inode) {
    char to[2 * PATH_MAX], from[64], buffer[1 << 16];
    snprintf(to, sizeof to, "%s/data-%lu", shadow, (unsigned long)inode);
    snprintf(from, sizeof from, "/proc/self/fd/%d", file);
    int source = REAL(open)(from, O_RDONLY), target = REAL(open)(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t size;
    while (source >= 0 && target >= 0 && (size = read(source, buffer, sizeof buffer)) > 0)
        if (REAL(write)(target, buffer, size) != size)
            abort();
    REAL(close)(source);
    REAL(close)(target);
}

static void list_names(int file, ino_t inode) {
    char to[2 * PATH_MAX], path[PATH_MAX];
    snprintf(to, sizeof to, "%s/names-%lu", shadow, (unsigned long)inode);
    path_of(file, path);
    DIR *entries = opendir(path);
    int target = REAL(open)(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    struct dirent *entry;
    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char line[PATH_MAX];
        int length = snprintf(line, sizeof line, "%lu %s\n", (unsigned long)entry->d_ino, entry->d_name);
        if (REAL(write)(target, line, length) != length)
            abort();
    }
    if (entries != NULL)
        closedir(entries);
    REAL(close)(target);
}

static void remember(int file) {
    struct stat found;
    int before = errno;
    if (shadow[0] != 0 && fstat(file, &found) == 0)
        (S_ISDIR(found.st_mode) ? list_names : copy_file)(file, found.st_ino);
    errno = before;
}

/* Whatever loses its name keeps its number, so that no other file gets that and is taken for it. */
static void hold(const char *path) {
    int before = errno;
    REAL(open)(path, O_RDONLY);
    errno = before;
}

/* The calls. */

struct written {
    int file;
    const void *data;
    size_t size;
};

static void write_half(void *context) {
    struct written *given = context;
    if (REAL(write)(given->file, given->data, given->size / 2) < 0)
        abort();
}

ssize_t write(int file, const void *data, size_t size) {
    if (size > 0 && concerns_file(file)) {
        struct written given = {file, data, size};
        int struck = strikes(1, write_half, &given);
        if (struck == 1)
            return -1;
        if (struck == 2)
            size = (size + 1) / 2;
    }
    return REAL(write)(file, data, size);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    if (concerns_file(file)) {
        int struck = strikes(1, NULL, NULL);
        if (struck == 1)
            return -1;
    }
    return REAL(writev)(file, parts, count);
}

#define PWRITE(name)                                                                                                   \
    ssize_t name(int file, const void *data, size_t size, off_t at) {                                                  \
        if (concerns_file(file) && strikes(1, NULL, NULL) == 1)                                                           \
            return -1;                                                                                                 \
        return REAL(name)(file, data, size, at);                                                                       \
    }
PWRITE(pwrite)
PWRITE(pwrite64)

/* Nothing is really brought to the disk, which would take most of the time: power cuts are played. */
#define SYNC(name)                                                                                                     \
    int name(int file) {                                                                                               \
        int concerned = concerns_file(file);                                                                           \
        if (concerned && strikes(0, NULL, NULL) == 1)                                                                     \
            return -1;                                                                                                 \
        if (concerned)                                                                                                 \
            remember(file);                                                                                            \
        return 0;                                                                                                      \
    }
SYNC(fsync)
SYNC(fdatasync)

int close(int file) {
    if (concerns_file(file) && strikes(0, NULL, NULL) == 1) {
        /* The file is closed whatever is said of it. */
        int before = errno;
        REAL(close)(file);
        errno = before;
        return -1;
    }
    return REAL(close)(file);
}

int rename(const char *from, const char *to) {
    if (concerns_path(to)) {
        if (strikes(0, NULL, NULL) == 1)
            return -1;
        hold(to);
    }
    return REAL(rename)(from, to);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    if (concerns_path(to)) {
        if (strikes(0, NULL, NULL) == 1)
            return -1;
        hold(to);
    }
    return REAL(renameat)(from_folder, from, to_folder, to);
}

int unlink(const char *path) {
    if (concerns_path(path)) {
        if (strikes(0, NULL, NULL) == 1)
            return -1;
        hold(path);
    }
    return REAL(unlink)(path);
}

#define TRUNCATE(name)                                                                                                 \
    int name(int file, off_t size) {                                                                                   \
        if (concerns_file(file) && strikes(1, NULL, NULL) == 1)                                                           \
            return -1;                                                                                                 \
        return REAL(name)(file, size);                                                                                 \
    }
TRUNCATE(ftruncate)
TRUNCATE(ftruncate64)

int mkdir(const char *path, mode_t mode) {
    if (concerns_path(path) && strikes(1, NULL, NULL) == 1)
        return -1;
    return REAL(mkdir)(path, mode);
}

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...) {                                                                       \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;                                        \
        va_end(rest);                                                                                                  \
        if ((flags & O_ACCMODE) != O_RDONLY && concerns_path(path) && strikes(1, NULL, NULL) == 1)                        \
            return -1;                                                                                                 \
        return REAL(name)(path, flags, mode);                                                                          \
    }
OPEN(open)
OPEN(open64)
