/* handshake — the Noise XK token machine; a pattern is a table of tokens, a token a pair of functions. */
#include "proto/handshake.h"

#include <assert.h>
#include <string.h>

#include "keys/secret.h"

#define MESSAGES   3
#define TOKENS_MAX 4
#define STEP_DEAD  255

/* Lives in secret memory as a whole. */
struct handshake {
    uint8_t h[NOISE_HASH_BYTES];
    uint8_t ck[NOISE_HASH_BYTES];
    uint8_t k[32];
    uint64_t n;
    bool has_key, is_initiator, has_hfs;
    unsigned step; /* messages done, or STEP_DEAD */
    uint8_t s_sk[DH_BYTES];
    uint8_t s_pk[DH_BYTES];
    uint8_t e_sk[DH_BYTES];
    uint8_t e_pk[DH_BYTES];
    uint8_t remote_s[DH_BYTES];
    uint8_t remote_e[DH_BYTES];
    uint8_t kem_sk[MLKEM_SK_BYTES];
    uint8_t remote_kem[MLKEM_PK_BYTES];
    struct rng rng;
    void (*on_token)(void *, const char *, const uint8_t *, const uint8_t *, const uint8_t *);
    void *context;
};

/* --- symmetric state, Noise §5.2 ------------------------------------------------------------------ */

static void mix_hash(struct handshake *handshake, struct bytes data)
{
    struct bytes parts[] = {BYTES_OF(handshake->h), data};
    uint8_t hash[NOISE_HASH_BYTES];

    noise_hash(parts, 2, hash);
    memcpy(handshake->h, hash, sizeof(hash));
}

static void mix_key(struct handshake *handshake, struct bytes ikm)
{
    uint8_t ck[NOISE_HASH_BYTES];
    uint8_t key[NOISE_HASH_BYTES];

    noise_hkdf2(handshake->ck, ikm, ck, key);
    memcpy(handshake->ck, ck, sizeof(ck));
    memcpy(handshake->k, key, sizeof(handshake->k)); /* Noise: HASHLEN 64 is cut to 32 */
    handshake->n = 0;
    handshake->has_key = true;
    secret_erase(ck, sizeof(ck));
    secret_erase(key, sizeof(key));
}

static void encrypt_and_hash(struct handshake *handshake, struct bytes plain, struct buf *to)
{
    uint8_t ct[MLKEM_PK_BYTES + HANDSHAKE_TAG_BYTES];
    struct bytes wire = BYTES(ct, plain.len + HANDSHAKE_TAG_BYTES);

    assert(handshake->has_key && plain.len <= MLKEM_PK_BYTES);
    noise_encrypt(handshake->k, handshake->n++, BYTES_OF(handshake->h), plain, ct);
    mix_hash(handshake, wire);
    buf_add(to, wire);
}

static int decrypt_and_hash(struct handshake *handshake, struct bytes ct, uint8_t *ret_plain)
{
    assert(handshake->has_key && ct.len >= HANDSHAKE_TAG_BYTES);
    TRY(noise_decrypt(handshake->k, handshake->n, BYTES_OF(handshake->h), ct, ret_plain));
    handshake->n++;
    mix_hash(handshake, ct);
    return HL_OK;
}

static int take(struct bytes *from, size_t len, struct bytes *ret_taken)
{
    if (from->len < len)
        return HL_EVERIFY;
    *ret_taken = BYTES(from->data, len);
    *from = BYTES(from->data + len, from->len - len);
    return HL_OK;
}

/* --- tokens, Noise §5.3 --------------------------------------------------------------------------- */

static int mix_dh(struct handshake *handshake, const uint8_t *sk, const uint8_t *pk)
{
    uint8_t ss[DH_BYTES];

    TRY(dh_shared(sk, pk, ss));
    mix_key(handshake, BYTES_OF(ss));
    secret_erase(ss, sizeof(ss));
    return HL_OK;
}

static int write_e(struct handshake *handshake, struct buf *to)
{
    rng_fill(&handshake->rng, handshake->e_sk, sizeof(handshake->e_sk));
    dh_public(handshake->e_sk, handshake->e_pk);
    buf_add(to, BYTES_OF(handshake->e_pk));
    mix_hash(handshake, BYTES_OF(handshake->e_pk));
    return HL_OK;
}

static int read_e(struct handshake *handshake, struct bytes *from)
{
    struct bytes e;

    TRY(take(from, DH_BYTES, &e));
    memcpy(handshake->remote_e, e.data, DH_BYTES);
    mix_hash(handshake, e);
    return HL_OK;
}

static int mix_es(struct handshake *handshake)
{
    return handshake->is_initiator ? mix_dh(handshake, handshake->e_sk, handshake->remote_s)
                                   : mix_dh(handshake, handshake->s_sk, handshake->remote_e);
}

static int mix_ee(struct handshake *handshake)
{
    return mix_dh(handshake, handshake->e_sk, handshake->remote_e);
}

static int mix_se(struct handshake *handshake)
{
    return handshake->is_initiator ? mix_dh(handshake, handshake->s_sk, handshake->remote_e)
                                   : mix_dh(handshake, handshake->e_sk, handshake->remote_s);
}

static int write_e1(struct handshake *handshake, struct buf *to)
{
    uint8_t seed[MLKEM_SEED_BYTES];
    uint8_t pk[MLKEM_PK_BYTES];

    rng_fill(&handshake->rng, seed, sizeof(seed));
    mlkem_keypair(seed, pk, handshake->kem_sk);
    secret_erase(seed, sizeof(seed));
    encrypt_and_hash(handshake, BYTES_OF(pk), to);
    return HL_OK;
}

static int read_e1(struct handshake *handshake, struct bytes *from)
{
    struct bytes ct;

    TRY(take(from, MLKEM_PK_BYTES + HANDSHAKE_TAG_BYTES, &ct));
    return decrypt_and_hash(handshake, ct, handshake->remote_kem);
}

static int write_ekem1(struct handshake *handshake, struct buf *to)
{
    uint8_t coins[MLKEM_COINS_BYTES];
    uint8_t ss[MLKEM_SS_BYTES];
    uint8_t ct[MLKEM_CT_BYTES];

    rng_fill(&handshake->rng, coins, sizeof(coins));
    int err = mlkem_encaps(handshake->remote_kem, coins, ct, ss);
    secret_erase(coins, sizeof(coins));
    TRY(err);
    encrypt_and_hash(handshake, BYTES_OF(ct), to);
    mix_key(handshake, BYTES_OF(ss));
    secret_erase(ss, sizeof(ss));
    return HL_OK;
}

static int read_ekem1(struct handshake *handshake, struct bytes *from)
{
    uint8_t kem_ct[MLKEM_CT_BYTES];
    uint8_t ss[MLKEM_SS_BYTES];
    struct bytes ct;

    TRY(take(from, MLKEM_CT_BYTES + HANDSHAKE_TAG_BYTES, &ct));
    TRY(decrypt_and_hash(handshake, ct, kem_ct));
    TRY(mlkem_decaps(handshake->kem_sk, kem_ct, ss));
    mix_key(handshake, BYTES_OF(ss));
    secret_erase(ss, sizeof(ss));
    return HL_OK;
}

static int write_s(struct handshake *handshake, struct buf *to)
{
    encrypt_and_hash(handshake, BYTES_OF(handshake->s_pk), to);
    return HL_OK;
}

static int read_s(struct handshake *handshake, struct bytes *from)
{
    struct bytes ct;

    TRY(take(from, DH_BYTES + HANDSHAKE_TAG_BYTES, &ct));
    return decrypt_and_hash(handshake, ct, handshake->remote_s);
}

/* A token puts octets on the wire (write, read) or only mixes. */
struct token {
    const char *name;
    int (*write)(struct handshake *, struct buf *);
    int (*read)(struct handshake *, struct bytes *);
    int (*mix)(struct handshake *);
    bool is_hfs;
};
static const struct token token_e = {.name = "e", .write = write_e, .read = read_e};
static const struct token token_es = {.name = "es", .mix = mix_es};
static const struct token token_e1 = {
    .name = "e1", .write = write_e1, .read = read_e1, .is_hfs = true};
static const struct token token_ee = {.name = "ee", .mix = mix_ee};
static const struct token token_ekem1 = {
    .name = "ekem1", .write = write_ekem1, .read = read_ekem1, .is_hfs = true};
static const struct token token_s = {.name = "s", .write = write_s, .read = read_s};
static const struct token token_se = {.name = "se", .mix = mix_se};

static const struct message {
    const char *name;
    const struct token *tokens[TOKENS_MAX]; /* ends with NULL */
} pattern[MESSAGES] = {
    {"msg1", {&token_e, &token_es, &token_e1}},
    {"msg2", {&token_e, &token_ee, &token_ekem1}},
    {"msg3", {&token_s, &token_se}},
};

/* --- messages ------------------------------------------------------------------------------------- */

static void trace(const struct handshake *handshake, const char *token)
{
    if (handshake->on_token)
        handshake->on_token(handshake->context, token, handshake->h, handshake->ck, handshake->k);
}

/* The next token of the message from *index on that this pattern has; NULL at the end. */
static const struct token *next_token(const struct handshake *handshake,
                                      const struct message *message, size_t *index)
{
    const struct token *token = message->tokens[*index];

    if (token && token->is_hfs && !handshake->has_hfs)
        token = message->tokens[++*index];
    ++*index;
    return token;
}

static int write_tokens(struct handshake *handshake, const struct message *message, struct buf *to)
{
    const struct token *token = NULL;
    size_t index = 0;

    while ((token = next_token(handshake, message, &index))) {
        TRY(token->mix ? token->mix(handshake) : token->write(handshake, to));
        trace(handshake, token->name);
    }
    return HL_OK;
}

static int read_tokens(struct handshake *handshake, const struct message *message,
                       struct bytes *from)
{
    const struct token *token = NULL;
    size_t index = 0;

    while ((token = next_token(handshake, message, &index))) {
        TRY(token->mix ? token->mix(handshake) : token->read(handshake, from));
        trace(handshake, token->name);
    }
    return HL_OK;
}

static bool is_turn_to_write(const struct handshake *handshake)
{
    return handshake->step < MESSAGES && (handshake->step % 2 == 0) == handshake->is_initiator;
}

static bool is_turn_to_read(const struct handshake *handshake)
{
    return handshake->step < MESSAGES && (handshake->step % 2 == 0) != handshake->is_initiator;
}

int handshake_write(struct handshake *handshake, struct bytes payload, struct buf *to)
{
    if (!is_turn_to_write(handshake))
        return HL_ESTATE;
    if (payload.len > HANDSHAKE_PAYLOAD_MAX)
        return HL_ETOOBIG;

    const struct message *message = &pattern[handshake->step];
    unsigned step = handshake->step + 1;
    handshake->step = STEP_DEAD; /* until all went well */
    TRY(write_tokens(handshake, message, to));
    encrypt_and_hash(handshake, payload, to);
    TRY(to->err);
    handshake->step = step;
    trace(handshake, message->name);
    return HL_OK;
}

int handshake_read(struct handshake *handshake, struct bytes message,
                   uint8_t ret_payload[static HANDSHAKE_PAYLOAD_MAX], size_t *ret_len)
{
    if (!is_turn_to_read(handshake))
        return HL_ESTATE;

    const struct message *shape = &pattern[handshake->step];
    unsigned step = handshake->step + 1;
    handshake->step = STEP_DEAD;
    TRY(read_tokens(handshake, shape, &message));
    if (message.len < HANDSHAKE_TAG_BYTES)
        return HL_EVERIFY;
    if (message.len - HANDSHAKE_TAG_BYTES > HANDSHAKE_PAYLOAD_MAX)
        return HL_ETOOBIG;
    TRY(decrypt_and_hash(handshake, message, ret_payload));
    *ret_len = message.len - HANDSHAKE_TAG_BYTES;
    handshake->step = step;
    trace(handshake, shape->name);
    return HL_OK;
}

/* --- life ------------------------------------------------------------------------------------------ */

static void start(struct handshake *handshake, struct bytes prologue)
{
    struct bytes name =
        bytes_text(handshake->has_hfs ? "Noise_XKhfs_25519+MLKEM768_ChaChaPoly_SHA512"
                                      : "Noise_XK_25519_ChaChaPoly_SHA512");

    assert(name.len <= NOISE_HASH_BYTES); /* else Noise hashes the name */
    memcpy(handshake->h, name.data, name.len);
    memcpy(handshake->ck, handshake->h, sizeof(handshake->ck));
    mix_hash(handshake, prologue);
    mix_hash(handshake,
             handshake->is_initiator ? BYTES_OF(handshake->remote_s) : BYTES_OF(handshake->s_pk));
    trace(handshake, "start");
}

int handshake_new(const struct handshake_params *params, struct handshake **ret_handshake)
{
    void *memory = NULL;

    assert(params->is_initiator == (params->remote_static != NULL));
    TRY(secret_new(sizeof(struct handshake), &memory));
    struct handshake *handshake = memory;
    handshake->is_initiator = params->is_initiator;
    handshake->has_hfs = params->has_hfs;
    handshake->rng = *params->rng;
    handshake->on_token = params->on_token;
    handshake->context = params->context;
    memcpy(handshake->s_sk, params->static_sk, DH_BYTES);
    memcpy(handshake->s_pk, params->static_pk, DH_BYTES);
    if (params->remote_static)
        memcpy(handshake->remote_s, params->remote_static, DH_BYTES);
    start(handshake, params->prologue);
    *ret_handshake = handshake;
    return HL_OK;
}

void handshake_free(struct handshake *handshake)
{
    secret_free(handshake);
}

int handshake_split(const struct handshake *handshake, uint8_t ret_send[static 32],
                    uint8_t ret_receive[static 32])
{
    uint8_t first[NOISE_HASH_BYTES];
    uint8_t second[NOISE_HASH_BYTES];

    if (handshake->step != MESSAGES)
        return HL_ESTATE;
    noise_hkdf2(handshake->ck, BYTES(NULL, 0), first, second);
    memcpy(handshake->is_initiator ? ret_send : ret_receive, first, 32);
    memcpy(handshake->is_initiator ? ret_receive : ret_send, second, 32);
    secret_erase(first, sizeof(first));
    secret_erase(second, sizeof(second));
    return HL_OK;
}

const uint8_t *handshake_remote_static(const struct handshake *handshake)
{
    return handshake->remote_s;
}

const uint8_t *handshake_hash(const struct handshake *handshake)
{
    return handshake->h;
}
