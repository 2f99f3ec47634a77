/* test_checkpoint — signed notes of a tree: every line is judged, and further signers are passed over. */
#include <stdio.h>
#include <string.h>

#include "keys/note_key.h"
#include "proto/custody_receipt.h"
#include "tests/support/cmocka_all.h"
#include "tests/support/federation.h"

#define ORIGIN "hotline/0011223344556677/r9"
#define DASH   "\xe2\x80\x94 "

static struct sign_key *key;
static struct sign_key *other_key;
static uint8_t root[32];

static int setup(void **unused)
{
    static const uint8_t seed[32] = {1};
    static const uint8_t other_seed[32] = {2};

    (void)unused;
    memset(root, 0xab, sizeof(root));
    assert_int_equal(sign_key_new(suite_real(), seed, &key), HL_OK);
    assert_int_equal(sign_key_new(suite_real(), other_seed, &other_key), HL_OK);
    return 0;
}

static int teardown(void **unused)
{
    (void)unused;
    sign_key_free(key);
    sign_key_free(other_key);
    return 0;
}

static int check(const char *text, size_t len)
{
    uint64_t size = 77;
    uint8_t found[32] = {0};
    int err = checkpoint_check(suite_real(), ORIGIN, key->pk, BYTES(text, len), &size, found);

    if (err == HL_OK)
        assert_memory_equal(found, root, 32);
    else
        assert_int_equal(size, 77); /* untouched */
    return err;
}

/* "body\n— origin base64(hash | sig)\n": body well signed by `by` under that origin. */
static size_t sign_text(const char *body, const char *origin, const struct sign_key *by,
                        char *ret_text, size_t size)
{
    uint8_t line[NOTE_KEY_BYTES + SIG_BYTES];
    char base64[BASE64_SIZE(sizeof(line))];

    note_key_hash(origin, by->pk, line);
    suite_real()->sign(by->sk, bytes_text(body), line + NOTE_KEY_BYTES);
    base64_encode(BYTES_OF(line), base64);
    return (size_t)snprintf(ret_text, size, "%s\n" DASH "%s %s\n", body, origin, base64);
}

static void sign_and_check_agree_for_every_size(void **unused)
{
    static const uint64_t sizes[] = {0, 1, 9, 10, 1000000, INT64_MAX};
    char text[CHECKPOINT_MAX];
    size_t len = 0;

    (void)unused;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint64_t size = 0;
        uint8_t found[32];

        assert_int_equal(checkpoint_sign(suite_real(), key, ORIGIN, sizes[i], root, text, &len),
                         HL_OK);
        assert_int_equal(len, strlen(text));
        assert_int_equal(
            checkpoint_check(suite_real(), ORIGIN, key->pk, BYTES(text, len), &size, found), HL_OK);
        assert_int_equal(size, sizes[i]);
        assert_memory_equal(found, root, 32);
    }
}

/* The lines of a body, each replaced once and the whole well signed. */
static void body_that_is_not_canonical_is_refused_though_signed(void **unused)
{
#define ROOT_TEXT "q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s="
    static const struct {
        const char *body;
        int err;
    } cases[] = {
        {ORIGIN "\n6\n" ROOT_TEXT "\n", HL_OK},
        {ORIGIN "\n06\n" ROOT_TEXT "\n", HL_EFORMAT},
        {ORIGIN "\n\n" ROOT_TEXT "\n", HL_EFORMAT},
        {ORIGIN "\n+6\n" ROOT_TEXT "\n", HL_EFORMAT},
        {ORIGIN "\n-6\n" ROOT_TEXT "\n", HL_EFORMAT},
        {ORIGIN "\n6 \n" ROOT_TEXT "\n", HL_EFORMAT},
        {ORIGIN "\n0x6\n" ROOT_TEXT "\n", HL_EFORMAT},
        {ORIGIN "\n18446744073709551617\n" ROOT_TEXT "\n", HL_EFORMAT}, /* 2^64 + 1 */
        {ORIGIN "\n6\r\n" ROOT_TEXT "\n", HL_EFORMAT},
        {ORIGIN "\n6\n" ROOT_TEXT "\nextension\n", HL_EFORMAT},
        {ORIGIN "\n6\nq6s=\n", HL_EFORMAT},                                        /* short */
        {ORIGIN "\n6\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s\n", HL_EFORMAT}, /* unpadded */
        {ORIGIN "\n6\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6t=\n",
         HL_EFORMAT}, /* unused bits */
        {ORIGIN "\n6\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6ur\n", HL_EFORMAT}, /* 33 octets */
        {ORIGIN "x\n6\n" ROOT_TEXT "\n", HL_EVERIFY},
        {"\n6\n" ROOT_TEXT "\n", HL_EVERIFY},
    };
    char text[CHECKPOINT_MAX];

    (void)unused;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len = sign_text(cases[i].body, ORIGIN, key, text, sizeof(text));

        if (check(text, len) != cases[i].err)
            fail_msg("case %zu", i);
    }
}

/* What stands between body and signatures is not covered by the signature: it must be nothing. */
static void line_in_the_place_of_the_empty_one_is_refused(void **unused)
{
    static const char body[] = ORIGIN "\n6\n" ROOT_TEXT "\n";
    char text[CHECKPOINT_MAX];
    char bent[CHECKPOINT_MAX];

    (void)unused;
    (void)sign_text(body, ORIGIN, key, text, sizeof(text));
    const char *line = text + strlen(body) + 1;
    int len = snprintf(bent, sizeof(bent), "%sx\n%s", body, line);
    assert_int_equal(check(bent, (size_t)len), HL_EFORMAT);
    len = snprintf(bent, sizeof(bent), "%s%s", body, line); /* left out */
    assert_int_equal(check(bent, (size_t)len), HL_EFORMAT);
    len = snprintf(bent, sizeof(bent), "%s\n\n%s", body, line); /* twice */
    assert_int_equal(check(bent, (size_t)len), HL_EFORMAT);
}

static void key_origin_and_signature_must_all_be_the_logs(void **unused)
{
    static const char body[] = ORIGIN "\n6\n" ROOT_TEXT "\n";
    char text[CHECKPOINT_MAX];

    (void)unused;
    assert_int_equal(check(text, sign_text(body, ORIGIN, other_key, text, sizeof(text))),
                     HL_EVERIFY);
    assert_int_equal(check(text, sign_text(body, ORIGIN "x", key, text, sizeof(text))), HL_EVERIFY);
    size_t len = sign_text(body, ORIGIN, key, text, sizeof(text));
    assert_int_equal(check(text, len), HL_OK);
    text[strlen(ORIGIN) + 1] = '7'; /* another size under the signature of 6 */
    assert_int_equal(check(text, len), HL_EVERIFY);
}

static void further_signers_are_passed_over_before_and_after(void **unused)
{
    static const char body[] = ORIGIN "\n6\n" ROOT_TEXT "\n";
    char mine[CHECKPOINT_MAX];
    char theirs[CHECKPOINT_MAX];
    char text[2 * CHECKPOINT_MAX];

    (void)unused;
    (void)sign_text(body, ORIGIN, key, mine, sizeof(mine));
    (void)sign_text(body, "witness", other_key, theirs, sizeof(theirs));
    const char *my_line = mine + strlen(body) + 1;
    const char *their_line = theirs + strlen(body) + 1;
    int len = snprintf(text, sizeof(text), "%s\n%s%s", body, my_line, their_line);
    assert_int_equal(check(text, (size_t)len), HL_OK);
    len = snprintf(text, sizeof(text), "%s\n%s%s", body, their_line, my_line);
    assert_int_equal(check(text, (size_t)len), HL_OK);
    len = snprintf(text, sizeof(text), "%s\n%s", body, their_line);
    assert_int_equal(check(text, (size_t)len), HL_EVERIFY);
    len = snprintf(text, sizeof(text), "%s\n%switness x\n", body, my_line); /* no dash */
    assert_int_equal(check(text, (size_t)len), HL_EFORMAT);
}

static void checkpoint_of_400_octets_is_taken_and_of_401_refused(void **unused)
{
    static const char body[] = ORIGIN "\n6\n" ROOT_TEXT "\n";
    char text[CHECKPOINT_MAX + 2];
    size_t len = 0;

    (void)unused;
    for (size_t total = CHECKPOINT_MAX; total <= CHECKPOINT_MAX + 1; total++) {
        len = sign_text(body, ORIGIN, key, text, sizeof(text));
        memcpy(text + len, DASH, strlen(DASH));
        memset(text + len + strlen(DASH), 'w', total - len - strlen(DASH));
        text[total - 1] = '\n';
        assert_int_equal(check(text, total), total == CHECKPOINT_MAX ? HL_OK : HL_EFORMAT);
    }
}

static void origin_that_leaves_no_room_is_refused_and_nothing_written(void **unused)
{
    char origin[CHECKPOINT_MAX];
    char text[CHECKPOINT_MAX] = "as it was";
    size_t len = 3;

    (void)unused;
    memset(origin, 'o', sizeof(origin));
    for (size_t i = 80; i < sizeof(origin); i++) {
        origin[i] = '\0';
        int err = checkpoint_sign(suite_real(), key, origin, INT64_MAX, root, text, &len);
        if (err == HL_OK) {
            assert_int_equal(len, strlen(text));
            (void)snprintf(text, sizeof(text), "as it was");
            len = 3;
        } else {
            assert_int_equal(err, HL_ETOOBIG);
            assert_string_equal(text, "as it was");
            assert_int_equal(len, 3);
        }
        assert_int_equal(err == HL_OK, 2 * i + 165 < CHECKPOINT_MAX);
        origin[i] = 'o';
    }
}

static void flipped_bit_or_cut_is_refused(void **unused)
{
    char text[CHECKPOINT_MAX];
    size_t len = 0;

    (void)unused;
    assert_int_equal(checkpoint_sign(suite_real(), key, ORIGIN, 6, root, text, &len), HL_OK);
    for (size_t bit = 0; bit < len * 8; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        if (check(text, len) == HL_OK)
            fail_msg("bit %zu", bit);
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
    }
    for (size_t cut = 0; cut < len; cut++)
        assert_int_not_equal(check(text, cut), HL_OK);
}

static void checkpoint_of_another_implementation_verifies(void **unused)
{
    struct federation federation;
    uint8_t expected[32];
    uint8_t found[32];
    uint64_t size = 0;

    (void)unused;
    if (!federation_load(&federation))
        skip();
    json_t *custody = vectors_load("hotline/custody.json");
    const struct relay_info *relay = trust_relay_by_name(federation.trust, "r1");
    vectors_hex_into(custody, "root", expected, 32);
    assert_int_equal(checkpoint_check(suite_real(), relay->log_origin, relay->log_pk,
                                      bytes_text(vectors_text(custody, "checkpoint_utf8")), &size,
                                      found),
                     HL_OK);
    assert_int_equal(size, 6);
    assert_memory_equal(found, expected, 32);
    json_decref(custody);
    federation_done(&federation);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sign_and_check_agree_for_every_size),
        cmocka_unit_test(body_that_is_not_canonical_is_refused_though_signed),
        cmocka_unit_test(line_in_the_place_of_the_empty_one_is_refused),
        cmocka_unit_test(key_origin_and_signature_must_all_be_the_logs),
        cmocka_unit_test(further_signers_are_passed_over_before_and_after),
        cmocka_unit_test(checkpoint_of_400_octets_is_taken_and_of_401_refused),
        cmocka_unit_test(origin_that_leaves_no_room_is_refused_and_nothing_written),
        cmocka_unit_test(flipped_bit_or_cut_is_refused),
        cmocka_unit_test(checkpoint_of_another_implementation_verifies),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
