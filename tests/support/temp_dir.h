/* temp_dir — a folder of a test's own, for one file and what a database puts beside it; in memory where there is a place for that. */
#ifndef HOTLINE_TESTS_SUPPORT_TEMP_DIR_H
#define HOTLINE_TESTS_SUPPORT_TEMP_DIR_H

#include <stddef.h>

struct temp_dir {
    char folder[40];
    char path[64]; /* of the file, which is not there yet */
};
/* Ends the program on failure. `file` is at most 20 characters long. */
void temp_dir_make(struct temp_dir *temp, const char *file);
/* How many files are in it, hidden ones not counted. */
size_t temp_dir_count(const struct temp_dir *temp);
/* The file is gone, and its journals and lock. */
void temp_dir_empty(const struct temp_dir *temp);
/* Emptied and removed. Returns 0, or -1 where something else is left in it. */
int temp_dir_remove(const struct temp_dir *temp);

#endif
