/* test_config — hotlined.conf: what is right is taken, what is wrong is named with file, line and key. */
#include "daemon/config.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/conf_file.h"

static char message[SETTINGS_MESSAGE_SIZE];

static int load(const char *text, const char *more, struct config *ret_config)
{
    conf_file_write(text, more);
    message[0] = '\0';
    return config_load(conf_path, ret_config, message);
}

static void defaults_fill_what_is_not_said(void **state)
{
    struct config config;

    (void)state;
    assert_int_equal(load(CONF_GOOD, "", &config), HL_OK);
    assert_string_equal(config.relay_key, "/var/lib/r1/keys/relay.hlk");
    assert_string_equal(config.relay_secret, "/var/lib/r1/keys/relay.secret");
    assert_string_equal(config.store, "sqlite:/var/lib/r1/relay.db");
    assert_string_equal(config.federation, "/tmp/directory");
    assert_int_equal(config.listen_count, 2);
    assert_int_equal(config.limits.content_per_hour, 600);
    assert_int_equal(config.handshake_ms, 5000);
    assert_string_equal(config.metrics, "");
}

static void every_key_of_the_contract_is_understood(void **state)
{
    struct config config;

    (void)state;
    assert_int_equal(load(CONF_GOOD,
                          "relay_key = \"k/x.hlk\"\nrelay_unlock = credential\n"
                          "metrics = \"127.0.0.1:7411\"\nlog_level = debug\n"
                          "quota {\n content_per_hour = 7\n control_per_hour = 8\n bytes = 64M\n}\n"
                          "flash_reserve = 16M\ndisk_min = 1G\n"
                          "handshake {\n deadline = 9s\n half_open = 12\n}\n",
                          &config),
                     HL_OK);
    assert_string_equal(config.relay_key, "/var/lib/r1/k/x.hlk");
    assert_int_equal(config.unlock, UNLOCK_CREDENTIAL);
    assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(config.limits.content_per_hour, 7);
    assert_int_equal(config.limits.control_per_hour, 8);
    assert_int_equal(config.limits.bytes_per_hour, 64 << 20);
    assert_int_equal(config.limits.disk_min, 1 << 30);
    assert_int_equal(config.limits.flash_reserve, 16 << 20);
    assert_int_equal(config.handshake_ms, 9000);
    assert_int_equal(config.half_open, 12);
}

static void one_line_form_of_the_contract_page_is_understood(void **state)
{
    struct config config;

    (void)state;
    assert_int_equal(load(CONF_GOOD,
                          "quota { content_per_hour = 600  control_per_hour = 600  bytes = 64M }\n"
                          "flash_reserve = 16M   disk_min = 256M\n"
                          "handshake { deadline = 5s  half_open = 1024 }\n",
                          &config),
                     HL_OK);
    assert_int_equal(config.limits.disk_min, 256 << 20);
}

static void printed_configuration_reads_the_same(void **state)
{
    struct config config, again;
    AUTO(blob) text = NULL;
    AUTO(blob) second = NULL;
    char copy[8192];

    (void)state;
    assert_int_equal(
        load(CONF_GOOD, "metrics = \"unix:/run/m.sock\"\nlog_format = json\n", &config), HL_OK);
    assert_int_equal(config_print(&config, &text), HL_OK);
    (void)snprintf(copy, sizeof(copy), "%.*s", (int)text->len, (const char *)text->data);
    assert_int_equal(load(copy, "", &again), HL_OK);
    assert_int_equal(config_print(&again, &second), HL_OK);
    assert_true(bytes_equal(bytes_blob(text), bytes_blob(second)));
}

static void wrong_lines_are_named(void **state)
{
    static const struct {
        const char *line, *said;
    } wrong[] = {
        {"lisen = {\"a\"}\n", "listen"},
        {"name = \"r2\"\n", "name"},
        {"log_level = loud\n", "log_level"},
        {"disk_min = 5X\n", "disk_min"},
        {"disk_min = -5M\n", "disk_min"},
        {"relay_unlock = prompt\n", "relay_unlock"},
        {"metrics = \"nowhere\"\n", "metrics"},
        {"metrics = \"unix:\"\n", "metrics"},
        {"store = \"postgres:x\"\n", "store"},
        {"log_format = xml\n", "log_format"},
        {"handshake {\n deadline = 500s\n}\n", "deadline"},
        {"handshake {\n half_open = 0\n}\n", "half_open"},
        {"quota {\n content_per_hour = -3\n}\n", "content_per_hour"},
        {"quota {\n content_per_hour = -1\n}\n", "content_per_hour"},
        {"quota {\n bytes = 1025G\n}\n", "bytes"},
        {"disk_min = 1025G\n", "disk_min"},
        {"metrics = \"relay.example:7411\"\n", "metrics"},
        {"metrics = \"[::1:7411\"\n", "metrics"},
        {"quota {\n byte = 3M\n}\n", "bytes"},
    };
    struct config config;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(load(CONF_GOOD, wrong[i].line, &config), HL_ECONFIG);
        assert_non_null(strstr(message, wrong[i].said));
        assert_non_null(strstr(message, conf_path));
    }
}

static void missing_and_malformed_mandatory_keys_are_named(void **state)
{
    static const char *const names[] = {"name", "ns", "root", "state_dir", "federation", "listen"};
    struct config config;
    char text[2048], *line;

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        (void)snprintf(text, sizeof(text), "%s", CONF_GOOD);
        line = strstr(text, names[i]);
        line[0] = '#';
        assert_int_equal(load(text, "", &config), HL_ECONFIG);
        assert_non_null(strstr(message, names[i]));
    }
    (void)snprintf(text, sizeof(text), "%s", CONF_GOOD);
    *strstr(text, "35db") = 'x';
    assert_int_equal(load(text, "", &config), HL_ECONFIG);
    assert_non_null(strstr(message, "ns"));
}

static void sizes_are_read_exactly(void **state)
{
    static const char *const bad[] = {"", "M", "12B", "1MM", "-1", " 1", "99999999999G", "1.5M"};
    uint64_t octets = 1;

    (void)state;
    assert_int_equal(size_parse("0", &octets), HL_OK);
    assert_int_equal(octets, 0);
    assert_int_equal(size_parse("3K", &octets), HL_OK);
    assert_int_equal(octets, 3072);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(size_parse(bad[i], &octets), HL_EFORMAT);
}

static void command_line_stands_over_the_file(void **state)
{
    struct config config;

    (void)state;
    assert_int_equal(load(CONF_GOOD, "", &config), HL_OK);
    assert_int_equal(config_override(&config, "listen", "127.0.0.1:1", true), HL_OK);
    assert_int_equal(config_override(&config, "listen", "127.0.0.1:2", false), HL_OK);
    assert_int_equal(config.listen_count, 2);
    assert_string_equal(config.listens[0], "127.0.0.1:1");
    assert_int_equal(config_override(&config, "store", "memory:", true), HL_OK);
    assert_int_equal(config_override(&config, "listen", "127.0.0.1:99999", true), HL_EINVAL);
    assert_int_equal(config_override(&config, "listen", "localhost:1", true), HL_EINVAL);
    assert_int_equal(config_override(&config, "log-level", "loud", true), HL_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, conf_file_up, conf_file_down)
        T(defaults_fill_what_is_not_said),
        T(every_key_of_the_contract_is_understood),
        T(one_line_form_of_the_contract_page_is_understood),
        T(printed_configuration_reads_the_same),
        T(wrong_lines_are_named),
        T(missing_and_malformed_mandatory_keys_are_named),
        T(sizes_are_read_exactly),
        T(command_line_stands_over_the_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
