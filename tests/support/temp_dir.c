/* temp_dir — a folder of a test's own, for one file and what a database puts beside it; in memory where there is a place for that. */
#include "tests/support/temp_dir.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void temp_dir_make(struct temp_dir *temp, const char *file)
{
    const char *parent =
        access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* thousands of syncs */
    (void)snprintf(temp->folder, sizeof(temp->folder), "%s/hotline-test-XXXXXX", parent);
    if (mkdtemp(temp->folder) == NULL) {
        perror("temp_dir: mkdtemp");
        abort();
    }
    int len = snprintf(temp->path, sizeof(temp->path), "%s/%s", temp->folder, file);
    if (len < 0 || (size_t)len >= sizeof(temp->path))
        abort();
}

size_t temp_dir_count(const struct temp_dir *temp)
{
    DIR *dir = opendir(temp->folder);
    size_t count = 0;
    if (dir == NULL)
        abort();
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    (void)closedir(dir);
    return count;
}

void temp_dir_empty(const struct temp_dir *temp)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock", "-journal", ".first"};
    char name[sizeof(temp->path) + 16];
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        (void)snprintf(name, sizeof(name), "%s%s", temp->path, suffixes[i]);
        (void)unlink(name); /* may be gone */
    }
}

int temp_dir_remove(const struct temp_dir *temp)
{
    temp_dir_empty(temp);
    return rmdir(temp->folder);
}
