/* test_config_memory — a configuration read without memory is never half read, and never called wrong for it. */
#include "daemon/config.h"
#include "daemon/metrics.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/conf_file.h"
#include "tests/support/nth_alloc.h"

#define GOOD                                                                                       \
    CONF_GOOD                                                                                      \
    "relay_key = \"k/x.hlk\"\nrelay_unlock = credential\nmetrics = \"127.0.0.1:7411\"\n"           \
    "quota {\n content_per_hour = 7\n control_per_hour = 8\n bytes = 64M\n}\n"                     \
    "flash_reserve = 16M\ndisk_min = 1G\nhandshake {\n deadline = 9s\n half_open = 12\n}\n"

static char message[SETTINGS_MESSAGE_SIZE];

static int try_good(void *context)
{
    struct config config;
    int err = config_load(conf_path, &config, message);

    (void)context;
    if (err == HL_OK) {
        assert_int_equal(config.listen_count, 2);
        assert_string_equal(config.listens[1], "[::1]:7402");
        assert_string_equal(config.relay_key, "/var/lib/r1/k/x.hlk");
        assert_int_equal(config.limits.bytes_per_hour, 64 << 20);
        assert_int_equal(config.limits.disk_min, 1 << 30);
        assert_int_equal(config.half_open, 12);
    }
    return err;
}

/* Our own allocations come first. libconfuse's follow, and it does not survive without memory (3.3 frees texts that it did
 * not allocate): a reload then ends the relay, which loses nothing. */
#define OWN_ALLOCATIONS 4

static void sweep_own(int (*attempt)(void *context))
{
    nth_alloc_require();
    assert_int_equal(attempt(NULL), HL_OK);
    for (unsigned long n = 1; n <= OWN_ALLOCATIONS; n++) {
        long before = nth_alloc_live();
        int err;

        nth_alloc_arm(n);
        err = attempt(NULL);
        assert_true(nth_alloc_disarm());
        assert_true(err == HL_ENOMEM || err == HL_OK);
        assert_int_equal(nth_alloc_live(), before);
    }
}

static void good_configuration_without_memory_is_not_called_wrong(void **state)
{
    (void)state;
    conf_file_write(GOOD, "");
    sweep_own(try_good);
}

/* A bad file's right answer is that it is bad. */
static int try_bad(void *context)
{
    struct config config = {.half_open = 4711};
    int err = config_load(conf_path, &config, message);

    (void)context;
    assert_int_not_equal(err, HL_OK);
    assert_int_equal(config.half_open, 4711); /* untouched */
    return err == HL_ECONFIG ? HL_OK : err;
}

static void bad_configuration_without_memory_is_still_not_taken(void **state)
{
    static const char *const bad[] = {GOOD "nonsense = 1\n", GOOD "name = \"r2\"\n",
                                      GOOD "log_level = loud\n", "name = \"r1\"\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        conf_file_write(bad[i], "");
        sweep_own(try_bad);
    }
}

static int try_print(void *context)
{
    AUTO(blob) text = NULL;

    return config_print(context, &text);
}

static void printing_without_memory_says_so(void **state)
{
    static struct config config;

    (void)state;
    conf_file_write(GOOD, "");
    assert_int_equal(config_load(conf_path, &config, message), HL_OK);
    assert_true(nth_alloc_sweep(try_print, &config) > 1);
}

/* What `ctl status` and /metrics answer. */
static int try_status(void *context)
{
    static const struct metrics metrics = {.name = "r1", .disk_free = 1};
    AUTO_BUF text;

    (void)context;
    buf_init(&text, 65536);
    metrics_add_json(&metrics, &text);
    metrics_add_prometheus(&metrics, &text);
    return text.err;
}

static void status_without_memory_says_so(void **state)
{
    (void)state;
    assert_true(nth_alloc_sweep(try_status, NULL) > 1);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, conf_file_up, conf_file_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(good_configuration_without_memory_is_not_called_wrong),
        TEST(bad_configuration_without_memory_is_still_not_taken),
        TEST(printing_without_memory_says_so),
        TEST(status_without_memory_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
