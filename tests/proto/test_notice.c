/* Notices: signed, released and assembled as the vectors say; ids and check words; what we refuse to sign. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "keys/secret.h"
#include "proto/limits.h"
#include "proto/notice.h"
#include "tests/support/fake_suite.h"
#include "tests/support/small_world.h"
#include "tests/support/vector_world.h"

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(secret_init(), HL_OK);
    return 0;
}

static struct sign_key *officer_key(const struct vector_world *vectors, size_t index)
{
    return federation_officer(&vectors->federation, "XAA", index);
}

static Hotline__V1__Notice *read_notice(const json_t *object)
{
    struct blob *body = vectors_hex(object, "body");
    Hotline__V1__Notice *notice = hotline__v1__notice__unpack(NULL, body->len, body->data);

    assert_non_null(notice);
    blob_free(body);
    return notice;
}

static void signed_and_released_notice_equals_the_vector(void **state)
{
    struct vector_world *vectors = vector_world_new();

    (void)state;
    if (!vectors)
        skip();
    json_t *object = vectors_load("hotline/notice.json");
    Hotline__V1__Notice *notice = read_notice(object);
    struct sign_key *author = officer_key(vectors, 0);
    struct sign_key *releaser = officer_key(vectors, 1);
    struct sign_key *draft_device = vector_key(vector_device(vectors, "XAA/1"));
    struct sign_key *releaser_device = vector_key(vector_device(vectors, "XAA/2"));
    struct blob *expected = vectors_hex(object, "signed_notice");
    struct blob *hash = vectors_hex(object, "notice_hash");
    struct blob *signed_notice = NULL;
    struct blob *signed_release = NULL;
    struct blob *whole = NULL;
    struct strict_fault fault;
    assert_int_equal(
        notice_sign(suite_real(), notice, author, draft_device, &signed_notice, &fault), HL_OK);
    const struct release_request request = {.ns = vectors->trust->ns,
                                            .notice_hash = hash->data,
                                            .plane = 1,
                                            .releaser = releaser,
                                            .releaser_device = releaser_device,
                                            .sender_device = draft_device->id,
                                            .released_ms = 1795000001000,
                                            .not_after_ms = 1795000901000};
    assert_int_equal(release_sign(suite_real(), &request, &signed_release), HL_OK);
    struct bytes release = bytes_blob(signed_release);
    assert_int_equal(notice_assemble(bytes_blob(signed_notice), &release, 1, &whole), HL_OK);
    assert_int_equal(whole->len, expected->len);
    assert_memory_equal(whole->data, expected->data, whole->len);
    hotline__v1__notice__free_unpacked(notice, NULL);
    sign_key_free(author);
    sign_key_free(releaser);
    sign_key_free(draft_device);
    sign_key_free(releaser_device);
    blob_free(expected);
    blob_free(hash);
    blob_free(signed_notice);
    blob_free(signed_release);
    blob_free(whole);
    json_decref(object);
    vector_world_free(vectors);
}

static void hash_and_displayed_id_equal_the_vectors(void **state)
{
    json_t *object = vectors_load("hotline/notice.json");
    json_t *conventions = vectors_load("hotline/conventions.json");
    uint8_t hash[HASH_BYTES];
    uint8_t expected[HASH_BYTES];
    char id[NOTICE_ID_SIZE];

    (void)state;
    if (!object || !conventions)
        skip();
    struct blob *body = vectors_hex(object, "body");
    assert_int_equal(notice_hash(1, bytes_blob(body), hash), HL_OK);
    vectors_hex_into(object, "notice_hash", expected, HASH_BYTES);
    assert_memory_equal(hash, expected, HASH_BYTES);
    notice_id_format(1, hash, id);
    assert_string_equal(id, vectors_text(object, "display_id"));
    const json_t *display = json_object_get(conventions, "display_id");
    vectors_hex_into(display, "notice_hash", hash, HASH_BYTES);
    notice_id_format(1, hash, id);
    assert_string_equal(id, vectors_text(display, "id"));
    blob_free(body);
    json_decref(object);
    json_decref(conventions);
}

static void id_begins_with_the_letter_of_its_plane(void **state)
{
    static const char letters[] = "?LET?";
    static const uint8_t ones[HASH_BYTES] = {255, 255, 255, 255, 255, 255, 255};
    char id[NOTICE_ID_SIZE];

    (void)state;
    for (unsigned plane = 0; plane <= 4; plane++) {
        notice_id_format(plane, ones, id);
        assert_int_equal(id[0], letters[plane]);
        assert_string_equal(id + 1, "-ZZZZZZZZZZ");
    }
}

static void no_plane_gives_no_hash(void **state)
{
    uint8_t hash[HASH_BYTES];

    (void)state;
    assert_int_equal(notice_hash(0, bytes_text("x"), hash), HL_EINVAL);
    assert_int_equal(notice_hash(4, bytes_text("x"), hash), HL_EINVAL);
}

static void check_word_has_twenty_bits(void **state)
{
    struct rng constant = constant_rng();
    struct seeded_rng seeded;
    char word[CHECK_WORD_SIZE];
    char next[CHECK_WORD_SIZE];

    (void)state;
    notice_check_word(&constant, word);
    assert_string_equal(word, "8914"); /* 0x424242 -> 01000 01001 00001 00100 */
    seeded_rng_init(&seeded, 1);
    struct rng rng = seeded_rng(&seeded);
    notice_check_word(&rng, word);
    notice_check_word(&rng, next);
    assert_string_not_equal(word, next);
    assert_true(notice_check_word_equal(word, word));
}

static void check_words_are_compared_after_folding(void **state)
{
    static const struct {
        const char *given, *expected;
        bool is_equal;
    } rows[] = {
        {"V432", "V432", true},   {"v432", "V432", true},  {"O1I0", "0110", true},
        {"oilO", "0110", true},   {"V433", "V432", false}, {"V43", "V432", false},
        {"V4322", "V432", false}, {"", "V432", false},     {"V43U", "V43U", false},
        {"V43 ", "V43 ", false},  {"V432", "", false},     {"V43\xc3", "V432", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(notice_check_word_equal(rows[i].given, rows[i].expected),
                         rows[i].is_equal);
}

/* --- what we do not sign */

static struct small_world *world;

static int with_world(void **state)
{
    (void)state;
    assert_int_equal(secret_init(), HL_OK);
    world = small_world_new(suite_fake());
    return 0;
}

static int without_world(void **state)
{
    (void)state;
    small_world_free(world);
    return 0;
}

/* A signable notice of XAA, taken from a letter; the caller frees it. */
static Hotline__V1__Notice *good_notice(void)
{
    struct letter letter = letter_to_xbb(world);

    letter_seal(&letter);
    struct opened *opened = letter_open(&letter, XBB, 0);
    Hotline__V1__Notice *notice = MOVE(opened->notice);
    opened_free(opened);
    letter_done(&letter);
    return notice;
}

static int sign_result(const Hotline__V1__Notice *notice, struct strict_fault *ret_fault)
{
    struct blob *object = NULL;
    int result = notice_sign(world->suite, notice, world->officers[XAA][0], world->devices[XAA][0],
                             &object, ret_fault);

    blob_free(object);
    return result;
}

struct refusal {
    void (*edit)(Hotline__V1__Notice *notice);
    const char *where;
};
#define EDIT(name, statement)                                                                      \
    static void name(Hotline__V1__Notice *notice)                                                  \
    {                                                                                              \
        statement;                                                                                 \
    }
EDIT(other_author, notice->author.data[0] ^= 1)
EDIT(other_device, notice->draft_device.data[0] ^= 1)
EDIT(no_plane, notice->plane = HOTLINE__V1__PLANE__PLANE_UNSPECIFIED)
EDIT(exercise_without_name, notice->plane = HOTLINE__V1__PLANE__EXERCISE)
EDIT(four_persons, notice->persons = 4)
EDIT(short_ns, notice->ns.len = 31)
EDIT(no_addressee, notice->n_to = 0)
EDIT(bad_word, notice->check_word[0] = '\x01')
EDIT(word_in_small_letters, notice->check_word[0] = 'v')
EDIT(word_with_an_o, notice->check_word[0] = 'O')
EDIT(to_itself, notice->to[0]->desk->entity.data[0] = 0xa0;
     memset(notice->to[0]->desk->entity.data, 0xa0, ID_BYTES))
EDIT(above, notice->precedence = HOTLINE__V1__PRECEDENCE__ROUTINE)

static void notice_that_breaks_the_schema_is_not_signed(void **state)
{
    static const struct refusal rows[] = {
        {other_author, "Notice.author"},
        {other_device, "Notice.draft_device"},
        {no_plane, "plane"},
        {exercise_without_name, "Notice.exercise_name"},
        {four_persons, "persons"},
        {short_ns, "ns"},
        {no_addressee, "to"},
        {bad_word, "check_word"},
        {word_in_small_letters, "Notice.check_word"},
        {word_with_an_o, "Notice.check_word"},
        {to_itself, "Notice.to"},
        {above, "Notice.to"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        Hotline__V1__Notice *notice = good_notice();
        struct strict_fault fault = {.where = ""};
        size_t addressees = notice->n_to;
        assert_int_equal(sign_result(notice, &fault), HL_OK);
        rows[i].edit(notice);
        assert_int_equal(sign_result(notice, &fault), HL_EFORMAT);
        if (!strstr(fault.where, rows[i].where))
            fail_msg("row %zu: %s", i, fault.where);
        assert_int_equal(sign_result(notice, NULL), HL_EFORMAT);
        notice->n_to = addressees;
        hotline__v1__notice__free_unpacked(notice, NULL);
    }
}

static struct release_request release_request(void)
{
    static const uint8_t hash[HASH_BYTES] = {1};

    return (struct release_request){.ns = world->trust.ns,
                                    .notice_hash = hash,
                                    .plane = 1,
                                    .releaser = world->officers[XAA][1],
                                    .releaser_device = world->devices[XAA][1],
                                    .sender_device = world->devices[XAA][0]->id,
                                    .released_ms = WORLD_NOW_MS,
                                    .not_after_ms = WORLD_NOW_MS + LIMIT_RELEASE_LIFE_MS};
}

static int release_result(const struct release_request *request)
{
    struct blob *object = NULL;
    int result = release_sign(world->suite, request, &object);

    blob_free(object);
    return result;
}

static void release_outside_its_limits_is_not_signed(void **state)
{
    struct release_request request = release_request();
    char reason[202];

    (void)state;
    memset(reason, 'a', sizeof(reason));
    assert_int_equal(release_result(&request), HL_OK);
    request.not_after_ms++;
    assert_int_equal(release_result(&request), HL_EFORMAT);
    request.not_after_ms = request.released_ms - 1;
    assert_int_equal(release_result(&request), HL_EFORMAT);
    request = release_request();
    request.plane = 0;
    assert_int_equal(release_result(&request), HL_EFORMAT);
    request = release_request();
    request.released_ms = request.not_after_ms = 0;
    assert_int_equal(release_result(&request), HL_EFORMAT);
    static const struct {
        size_t len;
        int result;
    } rows[] = {{9, HL_EFORMAT}, {10, HL_OK}, {200, HL_OK}, {201, HL_EFORMAT}};
    for (size_t i = 0; i < 4; i++) {
        request = release_request();
        reason[rows[i].len] = '\0';
        request.reason = reason;
        assert_int_equal(release_result(&request), rows[i].result);
        reason[rows[i].len] = 'a';
    }
}

static void fourth_release_and_broken_parts_are_not_assembled(void **state)
{
    struct letter letter = letter_to_xbb(world);
    struct blob *object = NULL;
    struct blob *whole = NULL;
    const struct sign_key *const keys[] = {world->officers[XAA][0]};

    (void)state;
    assert_int_equal(sign_object(world->suite, "x", bytes_text("body"), keys, 1, &object), HL_OK);
    struct bytes parts[4] = {bytes_blob(object), bytes_blob(object), bytes_blob(object),
                             bytes_blob(object)};
    assert_int_equal(notice_assemble(parts[0], parts, 3, &whole), HL_OK);
    blob_free(whole);
    whole = NULL;
    assert_int_equal(notice_assemble(parts[0], parts, 4, &whole), HL_EINVAL);
    parts[1].len--;
    assert_int_equal(notice_assemble(parts[0], parts, 3, &whole), HL_EFORMAT);
    assert_int_equal(notice_assemble(parts[1], parts, 1, &whole), HL_EFORMAT);
    assert_null(whole);
    blob_free(object);
    letter_done(&letter);
}

int main(void)
{
    const struct CMUnitTest vector_tests[] = {
        cmocka_unit_test(signed_and_released_notice_equals_the_vector),
        cmocka_unit_test(hash_and_displayed_id_equal_the_vectors),
        cmocka_unit_test(id_begins_with_the_letter_of_its_plane),
        cmocka_unit_test(no_plane_gives_no_hash),
        cmocka_unit_test(check_word_has_twenty_bits),
        cmocka_unit_test(check_words_are_compared_after_folding),
    };
    const struct CMUnitTest signing_tests[] = {
        cmocka_unit_test(notice_that_breaks_the_schema_is_not_signed),
        cmocka_unit_test(release_outside_its_limits_is_not_signed),
        cmocka_unit_test(fourth_release_and_broken_parts_are_not_assembled),
    };
    int failed = cmocka_run_group_tests(vector_tests, set_up, NULL);

    return failed + cmocka_run_group_tests(signing_tests, with_world, without_world);
}
