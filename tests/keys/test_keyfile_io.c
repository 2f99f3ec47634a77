/* Key files on disk: modes, limits, atomic replacement, overwriting. */
#include "keys/keyfile.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/temp_dir.h"

static struct temp_dir temp;
static char link_path[96];

static int make_folder(void **unused)
{
    (void)unused;
    temp_dir_make(&temp, "key.hlk");
    (void)snprintf(link_path, sizeof(link_path), "%s/old.hlk", temp.folder);
    return 0;
}

static int remove_folder(void **unused)
{
    (void)unused;
    (void)unlink(link_path);
    return temp_dir_remove(&temp);
}

static void assert_content(const char *of, struct bytes expected)
{
    AUTO(blob) file = NULL;

    assert_int_equal(file_read(of, 8192, &file), HL_OK);
    assert_true(bytes_equal(bytes_blob(file), expected));
}

static void written_file_is_private_and_comes_back(void **unused)
{
    (void)unused;
    const mode_t before = umask(0);
    AUTO(blob) file = NULL;
    struct stat info;

    assert_int_equal(keyfile_write(temp.path, bytes_text("hello"), false), HL_OK);
    (void)umask(before);
    assert_int_equal(stat(temp.path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(keyfile_read(temp.path, &file), HL_OK);
    assert_true(bytes_equal(bytes_blob(file), bytes_text("hello")));
    assert_int_equal(temp_dir_count(&temp), 1);
}

static void file_that_others_may_use_is_not_read(void **unused)
{
    (void)unused;
    static const mode_t modes[] = {0640, 0620, 0610, 0604, 0602, 0601, 0777};
    struct blob *file = NULL;

    assert_int_equal(keyfile_write(temp.path, bytes_text("hello"), false), HL_OK);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        assert_int_equal(chmod(temp.path, modes[i]), 0);
        assert_int_equal(keyfile_read(temp.path, &file), HL_EPERM);
        assert_null(file);
        assert_content(temp.path, bytes_text("hello")); /* file_read() does not care */
    }
    assert_int_equal(chmod(temp.path, 0400), 0);
    assert_int_equal(keyfile_read(temp.path, &file), HL_OK);
    blob_free(file);
}

static void missing_file_is_not_found(void **unused)
{
    (void)unused;
    struct blob *file = NULL;
    char below[128];

    assert_int_equal(keyfile_read(temp.path, &file), HL_ENOTFOUND);
    assert_int_equal(file_read(temp.path, 10, &file), HL_ENOTFOUND);
    assert_int_equal(keyfile_write(temp.path, bytes_text("hello"), false), HL_OK);
    (void)snprintf(below, sizeof(below), "%s/below", temp.path);
    assert_int_equal(file_read(below, 10, &file), HL_ENOTFOUND);
    assert_null(file);
}

static void folder_is_no_file(void **unused)
{
    (void)unused;
    struct blob *file = NULL;

    assert_int_equal(keyfile_read(temp.folder, &file), HL_EIO);
    assert_null(file);
}

static void file_of_the_limit_is_read_and_one_more_is_not(void **unused)
{
    (void)unused;
    static const uint8_t octets[4097];
    AUTO(blob) most = NULL;
    struct blob *more = NULL;

    assert_int_equal(keyfile_write(temp.path, BYTES(octets, 4096), false), HL_OK);
    assert_int_equal(keyfile_read(temp.path, &most), HL_OK);
    assert_int_equal(most->len, 4096);
    assert_int_equal(file_read(temp.path, 4095, &more), HL_ETOOBIG);
    assert_int_equal(keyfile_write(temp.path, BYTES(octets, 4097), false), HL_OK);
    assert_int_equal(keyfile_read(temp.path, &more), HL_ETOOBIG);
    assert_null(more);
}

static void empty_file_is_read_as_nothing(void **unused)
{
    (void)unused;
    AUTO(blob) file = NULL;

    assert_int_equal(keyfile_write(temp.path, BYTES(NULL, 0), false), HL_OK);
    assert_int_equal(keyfile_read(temp.path, &file), HL_OK);
    assert_int_equal(file->len, 0);
}

/* A second name keeps the old content in sight. */
static void old_content_survives_under_another_name(void **unused)
{
    (void)unused;
    assert_int_equal(keyfile_write(temp.path, bytes_text("old seeds"), false), HL_OK);
    assert_int_equal(link(temp.path, link_path), 0);
    assert_int_equal(keyfile_write(temp.path, bytes_text("new"), false), HL_OK);
    assert_content(temp.path, bytes_text("new"));
    assert_content(link_path, bytes_text("old seeds"));
}

static void old_content_is_overwritten_where_asked(void **unused)
{
    (void)unused;
    static const uint8_t zeros[9];

    assert_int_equal(keyfile_write(temp.path, bytes_text("old seeds"), false), HL_OK);
    assert_int_equal(link(temp.path, link_path), 0);
    assert_int_equal(keyfile_write(temp.path, bytes_text("new"), true), HL_OK);
    assert_content(temp.path, bytes_text("new"));
    assert_content(link_path, BYTES_OF(zeros));
    assert_int_equal(temp_dir_count(&temp), 2);
}

static void first_write_has_nothing_to_overwrite(void **unused)
{
    (void)unused;
    assert_int_equal(keyfile_write(temp.path, bytes_text("new"), true), HL_OK);
    assert_content(temp.path, bytes_text("new"));
}

static void failed_write_leaves_nothing_behind(void **unused)
{
    (void)unused;
    char nowhere[128];
    static char endless[5000];

    (void)snprintf(nowhere, sizeof(nowhere), "%s/none/key.hlk", temp.folder);
    assert_int_equal(keyfile_write(nowhere, bytes_text("x"), false), HL_EIO);
    assert_int_equal(mkdir(temp.path, 0700), 0);
    assert_int_equal(keyfile_write(temp.path, bytes_text("x"), false), HL_EEXIST);
    assert_int_equal(temp_dir_count(&temp), 1);
    assert_int_equal(rmdir(temp.path), 0);
    memset(endless, 'a', sizeof(endless) - 1);
    assert_int_equal(keyfile_write(endless, bytes_text("x"), false), HL_EINVAL);
}

/* As root, a rename over /dev/full makes an ordinary file of it for the whole machine. */
static void what_is_no_ordinary_file_is_not_replaced(void **unused)
{
    (void)unused;
    struct stat info;

    assert_int_equal(mkfifo(temp.path, 0600), 0);
    assert_int_equal(keyfile_write(temp.path, bytes_text("x"), false), HL_EEXIST);
    assert_int_equal(keyfile_write(temp.path, bytes_text("x"), true), HL_EEXIST);
    assert_int_equal(lstat(temp.path, &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    assert_int_equal(symlink(temp.path, link_path), 0); /* nor behind a link */
    assert_int_equal(keyfile_write(link_path, bytes_text("x"), false), HL_EEXIST);
    assert_int_equal(temp_dir_count(&temp), 2);
}

static void fifo_is_not_waited_for(void **unused)
{
    (void)unused;
    struct blob *file = NULL;

    assert_int_equal(mkfifo(temp.path, 0600), 0);
    (void)alarm(10);
    assert_int_equal(keyfile_read(temp.path, &file), HL_EIO);
    assert_int_equal(file_read(temp.path, 10, &file), HL_EIO);
    (void)alarm(0);
    assert_null(file);
}

static void symbolic_link_stays_and_what_it_names_is_replaced(void **unused)
{
    (void)unused;
    struct stat info;

    assert_int_equal(keyfile_write(temp.path, bytes_text("old"), false), HL_OK);
    assert_int_equal(symlink(temp.path, link_path), 0);
    assert_int_equal(keyfile_write(link_path, bytes_text("new"), true), HL_OK);
    assert_content(temp.path, bytes_text("new"));
    assert_int_equal(lstat(link_path, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    assert_int_equal(unlink(temp.path), 0); /* one that leads nowhere */
    assert_int_equal(keyfile_write(link_path, bytes_text("new"), false), HL_EIO);
    assert_int_equal(temp_dir_count(&temp), 1);
}

static int lowest_free_descriptor(void)
{
    int fd = dup(STDOUT_FILENO);

    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    return fd;
}

/* The old file takes the last descriptor, so that the folder cannot be opened. */
static void folder_that_cannot_be_synced_costs_no_descriptor_and_erases_nothing(void **unused)
{
    (void)unused;
    struct rlimit before;
    int lowest = lowest_free_descriptor();

    assert_int_equal(keyfile_write(temp.path, bytes_text("old seeds"), false), HL_OK);
    assert_int_equal(link(temp.path, link_path), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit one_more = {(rlim_t)lowest + 1, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &one_more), 0);
    int err = keyfile_write(temp.path, bytes_text("new"), true);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(err, HL_EIO);
    assert_content(temp.path, bytes_text("new"));
    assert_content(link_path, bytes_text("old seeds"));
    assert_int_equal(temp_dir_count(&temp), 2);
    assert_int_equal(lowest_free_descriptor(), lowest);
}

static void leftover_of_a_killed_process_is_no_obstacle(void **unused)
{
    (void)unused;
    char leftover[128];

    (void)snprintf(leftover, sizeof(leftover), "%s.%ld.tmp", temp.path, (long)getpid());
    int fd = open(leftover, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    written_file_is_private_and_comes_back(NULL);
}

/* Between opening a key file and reading it, another process replaces it and erases the old content. */
static const struct blob *replacement; /* NULL: none */

/* Stands before the C library's, whose headers make a function of that name inline. */
ssize_t read_hooked(int fd, void *to, size_t len) __asm__("read");

ssize_t read_hooked(int fd, void *to, size_t len)
{
    const struct blob *file = replacement;

    replacement = NULL;
    if (file)
        assert_int_equal(keyfile_write(temp.path, bytes_blob(file), true), HL_OK);
    return syscall(SYS_read, fd, to, len);
}

static void file_that_is_replaced_while_it_is_read_is_read_again(void **unused)
{
    (void)unused;
    AUTO(blob) next = NULL;
    AUTO(blob) file = NULL;

    assert_int_equal(blob_copy(bytes_text("the next content"), &next), HL_OK);
    assert_int_equal(keyfile_write(temp.path, bytes_text("the first content"), false), HL_OK);
    replacement = next;
    assert_int_equal(keyfile_read(temp.path, &file), HL_OK);
    assert_null(replacement);
    assert_true(bytes_equal(bytes_blob(file), bytes_text("the next content")));
}

#define TEST_IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_IN_FOLDER(file_that_is_replaced_while_it_is_read_is_read_again),
        TEST_IN_FOLDER(written_file_is_private_and_comes_back),
        TEST_IN_FOLDER(file_that_others_may_use_is_not_read),
        TEST_IN_FOLDER(missing_file_is_not_found),
        TEST_IN_FOLDER(folder_is_no_file),
        TEST_IN_FOLDER(file_of_the_limit_is_read_and_one_more_is_not),
        TEST_IN_FOLDER(empty_file_is_read_as_nothing),
        TEST_IN_FOLDER(old_content_survives_under_another_name),
        TEST_IN_FOLDER(old_content_is_overwritten_where_asked),
        TEST_IN_FOLDER(first_write_has_nothing_to_overwrite),
        TEST_IN_FOLDER(what_is_no_ordinary_file_is_not_replaced),
        TEST_IN_FOLDER(fifo_is_not_waited_for),
        TEST_IN_FOLDER(symbolic_link_stays_and_what_it_names_is_replaced),
        TEST_IN_FOLDER(failed_write_leaves_nothing_behind),
        TEST_IN_FOLDER(folder_that_cannot_be_synced_costs_no_descriptor_and_erases_nothing),
        TEST_IN_FOLDER(leftover_of_a_killed_process_is_no_obstacle),
    };

    return cmocka_run_group_tests_name("keyfile_io", tests, NULL, NULL);
}
