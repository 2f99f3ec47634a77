/* notice — sign, release and assemble notices; hash, displayed id, check word. */
#include "proto/notice.h"

#include <string.h>

#include "base/text.h"
#include "keys/secret.h"
#include "proto/limits.h"
#include "proto/schema.h"

int notice_hash(unsigned plane, struct bytes body, uint8_t ret_hash[static HASH_BYTES])
{
    const char *label = label_of(LABEL_NOTICE, plane);

    if (!label)
        return HL_EINVAL;
    label_hash1(label, body, ret_hash);
    return HL_OK;
}

void notice_id_format(unsigned plane, const uint8_t hash[static HASH_BYTES],
                      char ret_id[static NOTICE_ID_SIZE])
{
    static const char letters[] = {'?', 'L', 'E', 'T'};

    ret_id[0] = letters[plane <= 3 ? plane : 0];
    ret_id[1] = '-';
    crockford_encode(BYTES(hash, HASH_BYTES), 10, ret_id + 2);
}

void notice_check_word(const struct rng *rng, char ret_word[static CHECK_WORD_SIZE])
{
    uint8_t octets[3];

    rng_fill(rng, octets, sizeof(octets));
    crockford_encode(BYTES_OF(octets), CHECK_WORD_SIZE - 1, ret_word);
    secret_erase(octets, sizeof(octets));
}

bool notice_check_word_equal(const char *given, const char *expected)
{
    char left[CHECK_WORD_SIZE];
    char right[CHECK_WORD_SIZE];

    if (strlen(given) != CHECK_WORD_SIZE - 1 || strlen(expected) != CHECK_WORD_SIZE - 1)
        return false;
    if (crockford_fold(given, left) != HL_OK || crockford_fold(expected, right) != HL_OK)
        return false;
    return secret_equal(left, right, CHECK_WORD_SIZE);
}

static int fault_at(struct strict_fault *ret_fault, const char *where, const char *what)
{
    if (ret_fault) {
        memset(ret_fault, 0, sizeof(*ret_fault));
        memcpy(ret_fault->where, where, strnlen(where, sizeof(ret_fault->where) - 1));
        ret_fault->what = what;
    }
    return HL_EFORMAT;
}

static bool is_id(const ProtobufCBinaryData *id, const uint8_t *expected)
{
    return bytes_equal(BYTES(id->data, id->len), BYTES(expected, ID_BYTES));
}

static bool is_same_desk(const Hotline__V1__Desk *left, const Hotline__V1__Desk *right)
{
    return left->kind == right->kind && bytes_equal(BYTES(left->entity.data, left->entity.len),
                                                    BYTES(right->entity.data, right->entity.len));
}

static const char *check_address(const Hotline__V1__Notice *notice, size_t index)
{
    const Hotline__V1__Address *address = notice->to[index];

    if (is_same_desk(address->desk, notice->sender))
        return "the sender's own desk";
    if (address->precedence > notice->precedence)
        return "precedence above that of the notice";
    if (address->action && address->precedence != notice->precedence)
        return "precedence of an action address is that of the notice";
    for (size_t i = 0; i < index; i++) {
        if (is_same_desk(address->desk, notice->to[i]->desk))
            return "a desk twice";
    }
    return NULL;
}

/* What folding would change, or refuses, no acknowledgement can repeat. */
static bool is_check_word(const char *word)
{
    char folded[CHECK_WORD_SIZE];

    return strlen(word) == CHECK_WORD_SIZE - 1 && crockford_fold(word, folded) == HL_OK &&
           strcmp(word, folded) == 0;
}

int notice_check_form(const Hotline__V1__Notice *notice, struct strict_fault *ret_fault)
{
    bool is_exercise = notice->plane == HOTLINE__V1__PLANE__EXERCISE;

    if ((notice->exercise_name[0] != '\0') != is_exercise)
        return fault_at(ret_fault, "Notice.exercise_name", "present only in plane EXERCISE");
    if ((notice->exercise_id.len > 0) != is_exercise)
        return fault_at(ret_fault, "Notice.exercise_id", "present only in plane EXERCISE");
    if (!is_check_word(notice->check_word))
        return fault_at(ret_fault, "Notice.check_word", "four of 0-9 A-Z without I L O U");
    for (size_t i = 0; i < notice->n_to; i++) {
        const char *what = check_address(notice, i);
        if (what)
            return fault_at(ret_fault, "Notice.to", what);
    }
    return HL_OK;
}

/* What we sign must be what a strict reader accepts: read our own bytes back first. */
static int check_packed_notice(struct bytes body, struct strict_fault *ret_fault)
{
    ProtobufCMessage *message = NULL;

    TRY(strict_unpack(&hotline__v1__notice__descriptor, &schema_notice, body, &message, ret_fault));
    int result = notice_check_form((const Hotline__V1__Notice *)(const void *)message, ret_fault);
    protobuf_c_message_free_unpacked(message, NULL);
    return result;
}

int notice_check(const Hotline__V1__Notice *notice, struct strict_fault *ret_fault)
{
    AUTO(blob) body = NULL;

    TRY(strict_pack(&notice->base, &body));
    return check_packed_notice(bytes_blob(body), ret_fault);
}

int notice_sign(const struct suite *suite, const Hotline__V1__Notice *notice,
                const struct sign_key *author, const struct sign_key *device,
                struct blob **ret_signed, struct strict_fault *ret_fault)
{
    const struct sign_key *const keys[] = {author, device};
    AUTO(blob) body = NULL;

    if (!is_id(&notice->author, author->id))
        return fault_at(ret_fault, "Notice.author", "not the signing officer");
    if (!is_id(&notice->draft_device, device->id))
        return fault_at(ret_fault, "Notice.draft_device", "not the signing device");
    TRY(strict_pack(&notice->base, &body));
    TRY(check_packed_notice(bytes_blob(body), ret_fault));
    return sign_object(suite, label_of(LABEL_NOTICE, notice->plane), bytes_blob(body), keys, 2,
                       ret_signed);
}

static int check_packed(const ProtobufCMessageDescriptor *descriptor, struct bytes packed)
{
    ProtobufCMessage *message = NULL;

    TRY(strict_unpack(descriptor, &schema_envelope, packed, &message, NULL));
    protobuf_c_message_free_unpacked(message, NULL);
    return HL_OK;
}

/* The members of a request as octets that protobuf-c may point to. */
struct release_octets {
    uint8_t ns[NS_BYTES], notice_hash[HASH_BYTES], releaser[ID_BYTES], releaser_device[ID_BYTES],
        sender_device[ID_BYTES];
    char reason[201];
};

static int release_fill(const struct release_request *request, struct release_octets *octets,
                        Hotline__V1__Release *release)
{
    if (request->reason && strlen(request->reason) >= sizeof(octets->reason))
        return HL_EFORMAT;
    memcpy(octets->ns, request->ns, NS_BYTES);
    memcpy(octets->notice_hash, request->notice_hash, HASH_BYTES);
    memcpy(octets->releaser, request->releaser->id, ID_BYTES);
    memcpy(octets->releaser_device, request->releaser_device->id, ID_BYTES);
    memcpy(octets->sender_device, request->sender_device, ID_BYTES);
    if (request->reason)
        memcpy(octets->reason, request->reason, strlen(request->reason) + 1);
    release->ns = (ProtobufCBinaryData){NS_BYTES, octets->ns};
    release->plane = (Hotline__V1__Plane)request->plane;
    release->notice_hash = (ProtobufCBinaryData){HASH_BYTES, octets->notice_hash};
    release->releaser = (ProtobufCBinaryData){ID_BYTES, octets->releaser};
    release->releaser_device = (ProtobufCBinaryData){ID_BYTES, octets->releaser_device};
    release->sender_device = (ProtobufCBinaryData){ID_BYTES, octets->sender_device};
    release->released_ms = request->released_ms;
    release->not_after_ms = request->not_after_ms;
    release->single_person = request->is_single_person;
    release->reason = octets->reason;
    return HL_OK;
}

int release_sign(const struct suite *suite, const struct release_request *request,
                 struct blob **ret_signed)
{
    const struct sign_key *const keys[] = {request->releaser, request->releaser_device};
    const char *label = label_of(LABEL_RELEASE, request->plane);
    struct release_octets octets = {.reason = ""};
    Hotline__V1__Release release;
    AUTO(blob) body = NULL;

    if (!label || request->not_after_ms < request->released_ms ||
        request->not_after_ms - request->released_ms > LIMIT_RELEASE_LIFE_MS)
        return HL_EFORMAT;
    hotline__v1__release__init(&release);
    TRY(release_fill(request, &octets, &release));
    TRY(strict_pack(&release.base, &body));
    TRY(check_packed(&hotline__v1__release__descriptor, bytes_blob(body)));
    return sign_object(suite, label, bytes_blob(body), keys, 2, ret_signed);
}

int notice_assemble(struct bytes signed_notice, const struct bytes *releases, size_t release_count,
                    struct blob **ret_signed_notice)
{
    Hotline__V1__SignedNotice object = HOTLINE__V1__SIGNED_NOTICE__INIT;
    Hotline__V1__Signed *list[LIMIT_RELEASES] = {NULL};
    AUTO(blob) packed = NULL;
    int result = HL_OK;

    if (release_count > LIMIT_RELEASES)
        return HL_EINVAL;
    result = sign_parse(signed_notice, &object.notice);
    for (size_t i = 0; result == HL_OK && i < release_count; i++)
        result = sign_parse(releases[i], &list[i]);
    object.n_releases = release_count;
    object.releases = list;
    if (result == HL_OK)
        result = strict_pack(&object.base, &packed);
    if (object.notice)
        hotline__v1__signed__free_unpacked(object.notice, NULL);
    for (size_t i = 0; i < release_count; i++) {
        if (list[i])
            hotline__v1__signed__free_unpacked(list[i], NULL);
    }
    TRY(result);
    *ret_signed_notice = MOVE(packed);
    return HL_OK;
}
