/* keyfile_io — key files on disk: mode checked, replaced atomically, old seeds overwritten first where asked. */
#include "keys/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYFILE_MAX   4096
#define PATH_MAX_OURS 4096

static int read_all(int fd, uint8_t *to, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = read(fd, to + done, len - done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return HL_EIO;
        done += (size_t)got;
    }
    return HL_OK;
}

static int write_all(int fd, struct bytes octets)
{
    size_t done = 0;

    while (done < octets.len) {
        ssize_t put = write(fd, octets.data + done, octets.len - done);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return HL_EIO;
        done += (size_t)put;
    }
    return HL_OK;
}

/* HL_EBUSY: meanwhile another process replaced it, and may have erased what was being read. */
static int check_still_named(int fd)
{
    struct stat info;

    if (fstat(fd, &info) != 0)
        return HL_EIO;
    return info.st_nlink > 0 ? HL_OK : HL_EBUSY;
}

static int read_open(int fd, size_t max, mode_t forbidden, struct blob **ret_file)
{
    struct stat info;
    AUTO(blob) file = NULL;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return HL_EIO;
    if (info.st_mode & forbidden)
        return HL_EPERM;
    if ((uint64_t)info.st_size > max)
        return HL_ETOOBIG;
    TRY(blob_new((size_t)info.st_size, &file));
    int err = read_all(fd, file->data, file->len);
    if (forbidden != 0) /* a key file: its old content is erased when it is replaced */
        TRY(check_still_named(fd));
    TRY(err);
    *ret_file = MOVE(file);
    return HL_OK;
}

static int read_once(const char *path, size_t max, mode_t forbidden, struct blob **ret_file)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a FIFO does not wait */

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? HL_ENOTFOUND
               : errno == EACCES                   ? HL_EPERM
                                                   : HL_EIO;
    int err = read_open(fd, max, forbidden, ret_file);
    (void)close(fd); /* only read */
    return err;
}

#define READ_TRIES 8

static int read_path(const char *path, size_t max, mode_t forbidden, struct blob **ret_file)
{
    int err = HL_EBUSY;

    for (int i = 0; err == HL_EBUSY && i < READ_TRIES; i++)
        err = read_once(path, max, forbidden, ret_file);
    return err;
}

int file_read(const char *path, size_t max, struct blob **ret_file)
{
    return read_path(path, max, 0, ret_file);
}

int keyfile_read(const char *path, struct blob **ret_file)
{
    return read_path(path, KEYFILE_MAX, S_IRWXG | S_IRWXO, ret_file);
}

/* The old content may hold seeds that must be gone; a journaling disk may still keep blocks (SECURITY.md says so). Through the
 * descriptor, after the new file has taken the name: at no moment is the only whole copy under another name. */
static int erase_old(int fd)
{
    static const uint8_t zeros[KEYFILE_MAX];
    struct stat info;

    int err = fstat(fd, &info) == 0 && info.st_size <= KEYFILE_MAX
                  ? write_all(fd, BYTES(zeros, (size_t)info.st_size))
                  : HL_EIO;
    if (err == HL_OK && fsync(fd) != 0)
        err = HL_EIO;
    if (close(fd) != 0)
        err = HL_EIO;
    return err;
}

static int sync_folder(const char *path)
{
    char folder[PATH_MAX_OURS];
    const char *slash = strrchr(path, '/');

    (void)snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1,
                   slash ? path : ".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return HL_EIO;
    int err = fsync(fd) == 0 ? HL_OK : HL_EIO;
    (void)close(fd); /* only read */
    return err;
}

static int write_temp(const char *temp, struct bytes file)
{
    int fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);

    if (fd < 0)
        return errno == EACCES ? HL_EPERM : HL_EIO;
    int err = write_all(fd, file);
    if (err == HL_OK && fsync(fd) != 0)
        err = HL_EIO;
    if (close(fd) != 0)
        err = HL_EIO;
    return err;
}

static int replace(const char *temp, const char *path, bool erases_old)
{
    int old = erases_old ? open(path, O_WRONLY | O_CLOEXEC) : -1;

    if (erases_old && old < 0 && errno != ENOENT)
        return HL_EIO;
    int err = rename(temp, path) == 0 ? sync_folder(path) : HL_EIO;
    if (old < 0)
        return err;
    if (err != HL_OK) {
        (void)close(old); /* nothing was written through it: a crash may bring the old file back */
        return err;
    }
    return erase_old(old);
}

static int write_at(const char *path, struct bytes file, bool erases_old)
{
    char temp[PATH_MAX_OURS];
    int len = snprintf(temp, sizeof(temp), "%s.%ld.tmp", path, (long)getpid());

    if (len < 0 || (size_t)len >= sizeof(temp))
        return HL_EINVAL;
    (void)unlink(temp); /* a leftover of a process with our number that was killed */
    int err = write_temp(temp, file);
    if (err == HL_OK)
        err = replace(temp, path, erases_old);
    if (err != HL_OK)
        (void)unlink(temp); /* gone already if it took the name */
    return err;
}

/* Where a symbolic link leads: it stays, what it names is replaced. */
static int write_behind_link(const char *path, struct bytes file, bool erases_old)
{
    struct stat info;
    char *real = realpath(path, NULL);

    if (!real)
        return errno == ENOMEM ? HL_ENOMEM : HL_EIO;
    int err = stat(real, &info) != 0       ? HL_EIO
              : S_ISREG(info.st_mode) != 0 ? write_at(real, file, erases_old)
                                           : HL_EEXIST;
    free(real);
    return err;
}

/* rename() would put an ordinary file in the place of a device, for all programs of the machine. */
int keyfile_write(const char *path, struct bytes file, bool erases_old)
{
    struct stat info;

    if (lstat(path, &info) != 0 || S_ISREG(info.st_mode))
        return write_at(path, file, erases_old);
    return S_ISLNK(info.st_mode) ? write_behind_link(path, file, erases_old) : HL_EEXIST;
}
