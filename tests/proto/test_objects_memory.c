/* test_objects_memory — every signed object of the protocol, made and judged with each allocation failing: a lack of memory is
 * said to be that, gives nothing out, and is never a fault of what is judged. */
#include <string.h>

#include "tests/support/cmocka_all.h"

#include "proto/custody_receipt.h"
#include "proto/receipt.h"
#include "proto/rules.h"
#include "proto/service.h"
#include "tests/support/bundle_world.h"
#include "tests/support/fake_suite.h"
#include "tests/support/nth_alloc.h"

static struct bundle_world *world;
static const struct sign_key *device, *officer; /* XAA/1 */

static int set_up(void **unused)
{
    (void)unused;
    world = bundle_world_new(suite_fake());
    letter_seal(&world->letter);
    device = world->small->devices[XAA][0];
    officer = world->small->officers[XAA][0];
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    bundle_world_free(world);
    return 0;
}

static ProtobufCBinaryData octets(uint8_t *data, size_t len)
{
    return (ProtobufCBinaryData){len, data};
}

/* What every maker promises: octets or nothing. */
static int made(int err, struct blob *blob)
{
    (void)nth_alloc_disarm();
    assert_true((err == HL_OK) == (blob != NULL));
    blob_free(blob);
    return err;
}

/* --- notices ------------------------------------------------------------------------------------------ */

/* The letter's own objects, parsed. */
struct paper {
    Hotline__V1__SignedNotice *object;
    Hotline__V1__Notice *notice;
    struct blob *signed_notice, *signed_release;
};

static void paper_open(struct paper *paper)
{
    const struct blob *whole = world->letter.signed_notice;

    paper->object = hotline__v1__signed_notice__unpack(NULL, whole->len, whole->data);
    const ProtobufCBinaryData *body = &paper->object->notice->body;
    paper->notice = hotline__v1__notice__unpack(NULL, body->len, body->data);
    assert_int_equal(strict_pack(&paper->object->notice->base, &paper->signed_notice), HL_OK);
    assert_int_equal(strict_pack(&paper->object->releases[0]->base, &paper->signed_release), HL_OK);
}

static void paper_close(struct paper *paper)
{
    hotline__v1__signed_notice__free_unpacked(paper->object, NULL);
    hotline__v1__notice__free_unpacked(paper->notice, NULL);
    blob_free(paper->signed_notice);
    blob_free(paper->signed_release);
}

static int sign_a_notice(void *context)
{
    const struct paper *paper = context;
    struct strict_fault fault = {.what = "untouched"};
    struct blob *object = NULL;

    int err = notice_sign(world->suite, paper->notice, officer, device, &object, &fault);
    assert_string_equal(fault.what, "untouched"); /* nothing is wrong with the notice */
    return made(err, object);
}

static int sign_a_release(void *context)
{
    const struct release_request request = {.ns = world->trust->ns,
                                            .notice_hash = world->letter.notice_hash,
                                            .plane = 1,
                                            .releaser = officer,
                                            .releaser_device = device,
                                            .sender_device = device->id,
                                            .released_ms = WORLD_NOW_MS,
                                            .not_after_ms = WORLD_NOW_MS + 900000,
                                            .reason = "a reason of some length"};
    struct blob *object = NULL;

    (void)context;
    int err = release_sign(world->suite, &request, &object);
    return made(err, object);
}

static int assemble(void *context)
{
    const struct paper *paper = context;
    const struct bytes release = bytes_blob(paper->signed_release);
    struct blob *object = NULL;

    int err = notice_assemble(bytes_blob(paper->signed_notice), &release, 1, &object);
    return made(err, object);
}

/* What officers see while they type, and a relay's log: no memory needed. */
static int check_rules_and_a_checkpoint(void *context)
{
    const struct paper *paper = context;
    const uint8_t root[32] = {1};
    struct rules_fault faults[RULES_FAULTS_MAX];
    char text[CHECKPOINT_MAX];
    uint8_t found[32];
    uint64_t size = 0;
    size_t len = 0;

    assert_int_equal(rules_check(paper->notice, faults, &len), HL_EFORMAT);
    assert_true(len > 5); /* the letter says little */
    TRY(checkpoint_sign(world->suite, device, "hotline/0011223344556677/r1", 5, root, text, &len));
    TRY(checkpoint_check(world->suite, "hotline/0011223344556677/r1", device->pk, BYTES(text, len),
                         &size, found));
    assert_int_equal(size, 5);
    return HL_OK;
}

static void notices_and_releases_are_signed_or_there_is_no_memory(void **unused)
{
    struct paper paper;

    (void)unused;
    nth_alloc_require();
    paper_open(&paper);
    assert_true(nth_alloc_sweep(sign_a_notice, &paper) > 10);
    assert_true(nth_alloc_sweep(sign_a_release, NULL) > 5);
    assert_true(nth_alloc_sweep(assemble, &paper) > 5);
    assert_int_equal(nth_alloc_sweep(check_rules_and_a_checkpoint, &paper), 1);
    paper_close(&paper);
}

/* --- Links and Marks ---------------------------------------------------------------------------------- */

struct numbers {
    struct link link;
    struct marks marks;
    uint8_t link_sig[SIG_BYTES], marks_sig[SIG_BYTES];
};

static int sign_a_link(void *context)
{
    const struct numbers *numbers = context;
    uint8_t hash[HASH_BYTES] = {0};
    uint8_t sig[SIG_BYTES] = {0};

    int err = link_sign(world->suite, device, &numbers->link, hash, sig);
    assert_true((err == HL_OK) != bytes_all_zero(BYTES_OF(hash)));
    assert_true((err == HL_OK) != bytes_all_zero(BYTES_OF(sig)));
    return err;
}

static int verify_a_link(void *context)
{
    const struct numbers *numbers = context;
    uint8_t hash[HASH_BYTES] = {0};

    int err = link_verify(world->suite, device->pk, &numbers->link, numbers->link_sig, hash);
    assert_true((err == HL_OK) != bytes_all_zero(BYTES_OF(hash)));
    return err;
}

static int sign_marks(void *context)
{
    const struct numbers *numbers = context;
    uint8_t sig[SIG_BYTES] = {0};

    int err = marks_sign(world->suite, device, &numbers->marks, sig);
    assert_true((err == HL_OK) != bytes_all_zero(BYTES_OF(sig)));
    return err;
}

static int verify_marks(void *context)
{
    const struct numbers *numbers = context;

    return marks_verify(world->suite, device->pk, &numbers->marks, numbers->marks_sig);
}

static void a_link_is_never_judged_forged_for_want_of_memory(void **unused)
{
    struct numbers numbers = {
        .link = {.ns = world->trust->ns,
                 .plane = 1,
                 .recipient = world_desk(world->small, XBB),
                 .seq = 1},
        .marks = {.recipient = world_desk(world->small, XBB), .seq = {1, 0, 0}}};
    uint8_t hash[HASH_BYTES];

    (void)unused;
    assert_int_equal(link_sign(world->suite, device, &numbers.link, hash, numbers.link_sig), HL_OK);
    assert_int_equal(marks_sign(world->suite, device, &numbers.marks, numbers.marks_sig), HL_OK);
    (void)nth_alloc_sweep(sign_a_link, &numbers);
    (void)nth_alloc_sweep(verify_a_link, &numbers);
    (void)nth_alloc_sweep(sign_marks, &numbers);
    (void)nth_alloc_sweep(verify_marks, &numbers);
}

/* --- service statements --------------------------------------------------------------------------------- */

struct statement {
    Hotline__V1__ServiceStatement message;
    Hotline__V1__Service service;
    Hotline__V1__Desk recipient;
    struct desk_id to;
    uint8_t zeros[HASH_BYTES];
    struct blob *signed_statement;
};

static void statement_fill(struct statement *statement)
{
    struct small_world *small = world->small;
    Hotline__V1__ServiceStatement *message = &statement->message;

    hotline__v1__service_statement__init(message);
    hotline__v1__service__init(&statement->service);
    hotline__v1__desk__init(&statement->recipient);
    statement->to = world_desk(small, XBB);
    statement->recipient.entity = octets(statement->to.entity, ID_BYTES);
    statement->recipient.kind = (Hotline__V1__DeskKind)statement->to.kind;
    statement->service.kind = HOTLINE__V1__SERVICE_KIND__PING;
    message->ns = octets(world->trust->ns, NS_BYTES);
    message->plane = HOTLINE__V1__PLANE__LIVE;
    message->sender_entity = octets(small->entities[XAA].id, ID_BYTES);
    message->sender_kind = HOTLINE__V1__DESK_KIND__TECHNICAL;
    message->sender_device = octets(small->devices[XAA][0]->id, ID_BYTES);
    message->recipient = &statement->recipient;
    message->at_ms = WORLD_NOW_MS;
    message->service = &statement->service;
    message->journal_head = octets(statement->zeros, HASH_BYTES);
    message->dir_version = 1;
    message->roster_version = 1;
}

static int sign_a_statement(void *context)
{
    const struct statement *statement = context;
    struct blob *object = NULL;
    uint8_t hash[HASH_BYTES] = {0};

    int err = service_sign(world->suite, &statement->message, device, &object, hash);
    assert_true((err == HL_OK) != bytes_all_zero(BYTES_OF(hash)));
    return made(err, object);
}

static int check_a_statement(void *context)
{
    const struct statement *statement = context;
    const struct service_expectation expected = {.ns = world->trust->ns,
                                                 .plane = 1,
                                                 .device = bundle_device(world, XAA, 0),
                                                 .recipient = &statement->to};
    Hotline__V1__ServiceStatement *parsed = NULL;
    uint8_t hash[HASH_BYTES] = {0};
    const char *detail = NULL;

    int err = service_check(world->suite, &expected, bytes_blob(statement->signed_statement),
                            &parsed, hash, &detail);
    assert_true((err == HL_OK) == (parsed != NULL));
    assert_true((err == HL_OK) != bytes_all_zero(BYTES_OF(hash)));
    if (parsed)
        hotline__v1__service_statement__free_unpacked(parsed, NULL);
    return err;
}

static void a_statement_is_signed_and_taken_or_there_is_no_memory(void **unused)
{
    struct statement statement = {.zeros = {0}};
    uint8_t hash[HASH_BYTES];

    (void)unused;
    nth_alloc_require();
    statement_fill(&statement);
    assert_int_equal(
        service_sign(world->suite, &statement.message, device, &statement.signed_statement, hash),
        HL_OK);
    assert_true(nth_alloc_sweep(sign_a_statement, &statement) > 5);
    assert_true(nth_alloc_sweep(check_a_statement, &statement) > 5);
    blob_free(statement.signed_statement);
}

/* --- receipts ------------------------------------------------------------------------------------------- */

struct receipt_bench {
    struct blob *octets;
    Hotline__V1__Receipt *message;
};

static int sign_a_receipt(void *context)
{
    const struct receipt_bench *bench = context;
    struct blob *object = NULL;
    uint8_t hash[HASH_BYTES] = {0};

    int err = receipt_sign(world->suite, bench->message, world->small->devices[XBB][0],
                           world->small->officers[XBB][0], &object, hash);
    assert_true((err == HL_OK) != bytes_all_zero(BYTES_OF(hash)));
    return made(err, object);
}

static int check_a_receipt(void *context)
{
    const struct receipt_bench *bench = context;
    const struct receipt_expectation expected = {.ns = world->trust->ns,
                                                 .plane = 1,
                                                 .content_hash = world->letter.notice_hash,
                                                 .deposit_hash = world->letter.sealed->deposit_hash,
                                                 .to_entity = world->small->entities[XAA].id,
                                                 .to_device = device->id,
                                                 .by_desk = world_desk(world->small, XBB),
                                                 .check_word = "V432",
                                                 .needs_check_word = true,
                                                 .now_ms = WORLD_NOW_MS};
    Hotline__V1__Receipt *parsed = NULL;
    const char *detail = "";

    int err = receipt_check(world->suite, world->trust, &expected, bytes_blob(bench->octets),
                            &parsed, &detail);
    assert_true((err == HL_OK) == (parsed != NULL));
    if (parsed)
        hotline__v1__receipt__free_unpacked(parsed, NULL);
    return err;
}

static int make_preimage(void *context)
{
    struct blob *preimage = NULL;

    (void)context;
    int err = reservation_preimage(&preimage);
    return made(err, preimage);
}

static void a_good_receipt_counts_or_there_is_no_memory(void **unused)
{
    struct receipt_bench bench;

    (void)unused;
    nth_alloc_require();
    bench.octets = bundle_receipt(world, XBB, HOTLINE__V1__RECEIPT_KIND__ACKNOWLEDGED, NULL);
    Hotline__V1__Signed *object =
        hotline__v1__signed__unpack(NULL, bench.octets->len, bench.octets->data);
    bench.message = hotline__v1__receipt__unpack(NULL, object->body.len, object->body.data);
    hotline__v1__signed__free_unpacked(object, NULL);
    assert_true(nth_alloc_sweep(sign_a_receipt, &bench) > 5);
    assert_true(nth_alloc_sweep(check_a_receipt, &bench) > 5);
    assert_true(nth_alloc_sweep(make_preimage, NULL) > 2);
    hotline__v1__receipt__free_unpacked(bench.message, NULL);
    blob_free(bench.octets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notices_and_releases_are_signed_or_there_is_no_memory),
        cmocka_unit_test(a_link_is_never_judged_forged_for_want_of_memory),
        cmocka_unit_test(a_statement_is_signed_and_taken_or_there_is_no_memory),
        cmocka_unit_test(a_good_receipt_counts_or_there_is_no_memory),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
