/* checkpoint — C2SP signed notes of a relay's tree: origin, size, root. Keys as C2SP: hash of origin and key in front. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/note_key.h"
#include "proto/custody_receipt.h"

#define DASH "\xe2\x80\x94 " /* U+2014 and a blank */

static int body_text(const char *origin, uint64_t size, const uint8_t root[static 32],
                     char ret_text[static CHECKPOINT_MAX], size_t *ret_len)
{
    char root_text[BASE64_SIZE(32)];

    base64_encode(BYTES(root, 32), root_text);
    int len = snprintf(ret_text, CHECKPOINT_MAX, "%s\n%" PRIu64 "\n%s\n", origin, size, root_text);
    if (len < 0 || len >= CHECKPOINT_MAX)
        return HL_ETOOBIG;
    *ret_len = (size_t)len;
    return HL_OK;
}

/* NOLINTNEXTLINE(readability-function-size): what a checkpoint says, and where it goes */
int checkpoint_sign(const struct suite *suite, const struct sign_key *log_key, const char *origin,
                    uint64_t size, const uint8_t root[static 32],
                    char ret_text[static CHECKPOINT_MAX], size_t *ret_len)
{
    char text[CHECKPOINT_MAX];
    uint8_t line[NOTE_KEY_BYTES + SIG_BYTES];
    char line_text[BASE64_SIZE(NOTE_KEY_BYTES + SIG_BYTES)];
    size_t len = 0;

    TRY(body_text(origin, size, root, text, &len));
    note_key_hash(origin, log_key->pk, line);
    suite->sign(log_key->sk, BYTES(text, len), line + NOTE_KEY_BYTES);
    base64_encode(BYTES_OF(line), line_text);
    char whole[CHECKPOINT_MAX];
    int total = snprintf(whole, sizeof(whole), "%s\n" DASH "%s %s\n", text, origin, line_text);
    if (total < 0 || total >= CHECKPOINT_MAX)
        return HL_ETOOBIG;
    memcpy(ret_text, whole, (size_t)total + 1);
    *ret_len = (size_t)total;
    return HL_OK;
}

/* The next line without its newline; false when there is none. */
static bool next_line(struct bytes *text, struct bytes *ret_line)
{
    const uint8_t *stop = text->len ? memchr(text->data, '\n', text->len) : NULL;

    if (!stop)
        return false;
    *ret_line = BYTES(text->data, (size_t)(stop - text->data));
    *text = BYTES(stop + 1, text->len - ret_line->len - 1);
    return true;
}

static int parse_size(struct bytes line, uint64_t *ret_size)
{
    uint64_t size = 0;

    if (line.len == 0 || line.len > 19 || (line.data[0] == '0' && line.len > 1))
        return HL_EFORMAT;
    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] < '0' || line.data[i] > '9')
            return HL_EFORMAT;
        size = size * 10 + (uint64_t)(line.data[i] - '0');
    }
    *ret_size = size;
    return HL_OK;
}

/* "— origin base64(key hash | signature)"; lines of other names or keys are skipped by the caller. */
static bool signature_of(struct bytes line, const char *origin,
                         const uint8_t key_hash[static NOTE_KEY_BYTES], uint8_t *ret_sig)
{
    uint8_t octets[NOTE_KEY_BYTES + SIG_BYTES];
    size_t prefix = strlen(DASH) + strlen(origin) + 1;
    size_t len = 0;
    char expected[CHECKPOINT_MAX];

    (void)snprintf(expected, sizeof(expected), DASH "%s ", origin);
    if (line.len <= prefix || !bytes_equal(BYTES(line.data, prefix), bytes_text(expected)))
        return false;
    if (base64_decode(BYTES(line.data + prefix, line.len - prefix), octets, sizeof(octets), &len) !=
            HL_OK ||
        len != sizeof(octets) ||
        !bytes_equal(BYTES(octets, NOTE_KEY_BYTES), BYTES(key_hash, NOTE_KEY_BYTES)))
        return false;
    memcpy(ret_sig, octets + NOTE_KEY_BYTES, SIG_BYTES);
    return true;
}

/* Every line must be a signature line; the one by this key, if it is there, goes to ret_sig. */
static int find_signature(const char *origin, const uint8_t log_pk[static 32], struct bytes lines,
                          uint8_t ret_sig[static SIG_BYTES])
{
    uint8_t key_hash[NOTE_KEY_BYTES];
    struct bytes line;
    bool is_found = false;

    note_key_hash(origin, log_pk, key_hash);
    while (lines.len > 0) {
        if (!next_line(&lines, &line) || line.len <= strlen(DASH) ||
            !bytes_equal(BYTES(line.data, strlen(DASH)), bytes_text(DASH)))
            return HL_EFORMAT;
        is_found = is_found || signature_of(line, origin, key_hash, ret_sig);
    }
    return is_found ? HL_OK : HL_EVERIFY;
}

static int check_signatures(const struct suite *suite, const char *origin,
                            const uint8_t log_pk[static 32], struct bytes body, struct bytes lines)
{
    uint8_t sig[SIG_BYTES];

    TRY(find_signature(origin, log_pk, lines, sig));
    return suite->verify(log_pk, body, BYTES_OF(sig));
}

int checkpoint_check(const struct suite *suite, const char *origin, const uint8_t log_pk[static 32],
                     struct bytes text, uint64_t *ret_size, uint8_t ret_root[static 32])
{
    struct bytes rest = text;
    struct bytes line;
    uint64_t size = 0;
    uint8_t root[32];
    size_t len = 0;

    if (text.len > CHECKPOINT_MAX || !next_line(&rest, &line))
        return HL_EFORMAT;
    if (!bytes_equal(line, bytes_text(origin)))
        return HL_EVERIFY;
    if (!next_line(&rest, &line) || parse_size(line, &size) != HL_OK)
        return HL_EFORMAT;
    if (!next_line(&rest, &line) || base64_decode(line, root, sizeof(root), &len) != HL_OK ||
        len != sizeof(root))
        return HL_EFORMAT;
    struct bytes body = BYTES(text.data, text.len - rest.len);
    if (!next_line(&rest, &line) || line.len != 0) /* no extension lines */
        return HL_EFORMAT;
    TRY(check_signatures(suite, origin, log_pk, body, rest));
    *ret_size = size;
    memcpy(ret_root, root, 32);
    return HL_OK;
}
