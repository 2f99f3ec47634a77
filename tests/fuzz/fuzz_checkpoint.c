/* fuzz_checkpoint — signed notes of a relay's tree. The first octet chooses:
 *   0  the octets as a checkpoint
 *   1  the octets as the body, well signed: whatever is taken must be what we would have written ourselves
 *   2  the octets as further signature lines behind a good one */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/note_key.h"
#include "keys/secret.h"
#include "proto/custody_receipt.h"
#include "tests/support/fake_suite.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ORIGIN    "hotline/0011223344556677/r9"
#define INPUT_MAX 1024

static const struct sign_key *the_key(void)
{
    static const uint8_t seed[32] = {1};
    static struct sign_key *key;

    if (!key && (secret_init() != HL_OK || sign_key_new(suite_fake(), seed, &key) != HL_OK))
        abort();
    return key;
}

static int check(struct bytes text, uint64_t *ret_size, uint8_t ret_root[32])
{
    return checkpoint_check(suite_fake(), ORIGIN, the_key()->pk, text, ret_size, ret_root);
}

static void check_signed(struct bytes body)
{
    uint8_t line[NOTE_KEY_BYTES + SIG_BYTES];
    char base64[BASE64_SIZE(sizeof(line))];
    char text[INPUT_MAX + CHECKPOINT_MAX];
    char again[CHECKPOINT_MAX];
    uint8_t root[32];
    uint64_t size = 0;
    size_t len = 0;

    note_key_hash(ORIGIN, the_key()->pk, line);
    suite_fake()->sign(the_key()->sk, body, line + NOTE_KEY_BYTES);
    base64_encode(BYTES_OF(line), base64);
    if (body.len > 0)
        memcpy(text, body.data, body.len);
    int tail = snprintf(text + body.len, CHECKPOINT_MAX, "\n\xe2\x80\x94 " ORIGIN " %s\n", base64);
    size_t text_len = body.len + (size_t)tail;
    if (check(BYTES(text, text_len), &size, root) != HL_OK)
        return;
    if (checkpoint_sign(suite_fake(), the_key(), ORIGIN, size, root, again, &len) != HL_OK)
        abort();
    if (!bytes_equal(BYTES(text, text_len), BYTES(again, len)))
        abort();
}

static void check_lines(struct bytes lines)
{
    static const uint8_t root[32] = {3};
    char text[CHECKPOINT_MAX];
    char whole[INPUT_MAX + CHECKPOINT_MAX];
    uint8_t found[32];
    uint64_t size = 0;
    size_t len = 0;

    if (checkpoint_sign(suite_fake(), the_key(), ORIGIN, 6, root, text, &len) != HL_OK)
        abort();
    memcpy(whole, text, len);
    if (lines.len > 0)
        memcpy(whole + len, lines.data, lines.len);
    if (check(BYTES(whole, len + lines.len), &size, found) != HL_OK)
        return;
    if (size != 6 || !bytes_equal(BYTES_OF(found), BYTES_OF(root)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t root[32];
    uint64_t tree_size = 0;

    if (size < 1 || size > INPUT_MAX)
        return 0;
    struct bytes input = BYTES(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0: (void)check(input, &tree_size, root); break;
    case 1: check_signed(input); break;
    default: check_lines(input); break;
    }
    return 0;
}
