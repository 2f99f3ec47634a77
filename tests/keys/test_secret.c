/* Memory for secrets, erasing, constant-time comparison. */
#include "keys/secret.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/cmocka_all.h"

static void core_dumps_are_off_after_init(void **unused)
{
    (void)unused;
    struct rlimit limit = {1, 1};

    assert_int_equal(secret_init(), HL_OK);
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_int_equal(limit.rlim_cur, 0);
    assert_int_equal(limit.rlim_max, 0);
}

static void init_may_be_called_twice(void **unused)
{
    (void)unused;
    assert_int_equal(secret_init(), HL_OK);
    assert_int_equal(secret_init(), HL_OK);
}

static void new_memory_is_zero(void **unused)
{
    (void)unused;
    void *memory = NULL;

    assert_int_equal(secret_new(100, &memory), HL_OK);
    assert_true(bytes_all_zero(BYTES(memory, 100)));
    secret_free(memory);
}

static void impossible_size_is_an_error_and_leaves_the_result(void **unused)
{
    (void)unused;
    void *memory = NULL;

    assert_int_equal(secret_new(SIZE_MAX - 4096, &memory), HL_ENOMEM);
    assert_null(memory);
}

static void null_may_be_freed(void **unused)
{
    (void)unused;
    secret_free(NULL);
}

static void erased_octets_are_zero(void **unused)
{
    (void)unused;
    uint8_t octets[3] = {1, 2, 3};

    secret_erase(octets, sizeof(octets));
    assert_true(bytes_all_zero(BYTES_OF(octets)));
}

static void every_differing_octet_is_seen(void **unused)
{
    (void)unused;
    const uint8_t zeros[32] = {0};
    uint8_t other[32] = {0};

    assert_true(secret_equal(zeros, other, 32));
    for (size_t i = 0; i < 32; i++) {
        other[i] = 0x80;
        assert_false(secret_equal(zeros, other, 32));
        other[i] = 0;
    }
}

/* In a child, because a limit lowered is lowered for good; without root's right to lock what it likes. */
static void memory_that_cannot_be_locked_is_told_with_the_limit(void **unused)
{
    const struct rlimit none = {0, 0};
    int status = -1;
    pid_t child;

    (void)unused;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* it makes mlock() do nothing and succeed */
#endif
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (secret_init() != HL_OK || setrlimit(RLIMIT_MEMLOCK, &none) != 0)
            _exit(1);
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        const char *line = secret_lock_warning();
        _exit(line && strstr(line, "memlock limit 0 octets") ? 0 : 3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(core_dumps_are_off_after_init),
        cmocka_unit_test(init_may_be_called_twice),
        cmocka_unit_test(new_memory_is_zero),
        cmocka_unit_test(impossible_size_is_an_error_and_leaves_the_result),
        cmocka_unit_test(null_may_be_freed),
        cmocka_unit_test(erased_octets_are_zero),
        cmocka_unit_test(every_differing_octet_is_seen),
        cmocka_unit_test(memory_that_cannot_be_locked_is_told_with_the_limit),
    };

    return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
