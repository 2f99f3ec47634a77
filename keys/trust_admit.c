/* trust_admit — documents in their order, and the first of them: the root with its roles. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/admit.h"
#include "keys/schema.h"

#define ROOT_LIFE_MS (1100 * ADMIT_DAY)
#define OWNED_FIRST  64

int admit_refuse(struct admit *admit, int err, const char *document, const char *check)
{
    if (admit->reason && !admit->reason[0])
        (void)snprintf(admit->reason, REASON_SIZE, "%s: %s", document,
                       err == HL_ENOMEM ? "no memory to check it" : check);
    return err;
}

void admit_note(struct admit *admit, const char *format, ...)
{
    struct trust *trust = admit->trust;
    va_list args;

    if (trust->note_count < TRUST_NOTES_MAX) {
        va_start(args, format);
        (void)vsnprintf(trust->notes[trust->note_count], TRUST_NOTE_SIZE, format, args);
        va_end(args);
    }
    trust->note_count++;
}

int admit_leave_out(struct admit *admit, int err, const char *name)
{
    bool is_its_fault =
        err == HL_EFORMAT || err == HL_EVERIFY || err == HL_ETOOBIG || err == HL_ENOTFOUND;

    if (!admit->leaves_out || !is_its_fault)
        return err;
    admit->trust->left_out_count++;
    admit_note(admit, "%.40s is left out: %.100s", name, admit->reason);
    admit->reason[0] = '\0';
    return HL_OK;
}

static int grow_owned(struct admit *admit)
{
    size_t size = admit->owned_size ? 2 * admit->owned_size : OWNED_FIRST;
    struct blob **owned = realloc(admit->trust->owned, size * sizeof(struct blob *));

    if (!owned)
        return HL_ENOMEM;
    admit->trust->owned = owned;
    admit->owned_size = size;
    return HL_OK;
}

int admit_keep(struct admit *admit, struct bytes input, struct bytes *ret_view)
{
    struct trust *trust = admit->trust;
    struct blob *copy = NULL;

    if (trust->owned_count == admit->owned_size)
        TRY(grow_owned(admit));
    TRY(blob_copy(input, &copy));
    trust->owned[trust->owned_count++] = copy;
    *ret_view = bytes_blob(copy);
    return HL_OK;
}

int admit_parse_body(struct admit *admit, struct bytes octets,
                     const ProtobufCMessageDescriptor *type, const char *document,
                     ProtobufCMessage **ret_body)
{
    struct strict_fault fault = {.what = "not canonical"};
    char check[128];

    int err = strict_unpack(type, &schema_trust, octets, ret_body, &fault);
    if (err == HL_OK)
        return HL_OK;
    (void)snprintf(check, sizeof(check), "%s: %s", fault.where, fault.what);
    return admit_refuse(admit, err, document, check);
}

int admit_parse(struct admit *admit, struct bytes input, const ProtobufCMessageDescriptor *type,
                const char *document, Hotline__V1__Signed **ret_signed, ProtobufCMessage **ret_body)
{
    Hotline__V1__Signed *object = NULL;

    if (input.len == 0)
        return admit_refuse(admit, HL_ENOTFOUND, document, "missing");
    int err = sign_parse(input, &object);
    if (err != HL_OK)
        return admit_refuse(admit, err, document,
                            "signed object is not canonical, or a key signs twice");
    err = admit_parse_body(admit, BYTES(object->body.data, object->body.len), type, document,
                           ret_body);
    if (err != HL_OK) {
        hotline__v1__signed__free_unpacked(object, NULL);
        return err;
    }
    *ret_signed = object;
    return HL_OK;
}

bool admit_has_ns(const struct admit *admit, const ProtobufCBinaryData *ns)
{
    return bytes_equal(BYTES(ns->data, ns->len), BYTES_OF(admit->trust->ns));
}

bool admit_ascends(const ProtobufCBinaryData *left, const ProtobufCBinaryData *right)
{
    return bytes_order(BYTES(left->data, left->len), BYTES(right->data, right->len)) < 0;
}

struct entity *admit_entity(struct admit *admit, const ProtobufCBinaryData *id)
{
    for (size_t i = 0; i < admit->trust->entity_count; i++) {
        if (bytes_equal(BYTES_OF(admit->trust->entities[i].id), BYTES(id->data, id->len)))
            return &admit->trust->entities[i];
    }
    return NULL;
}

static bool key_is_in_roles(const struct admit *admit, const ProtobufCBinaryData *key)
{
    for (size_t role = 1; role <= 4; role++) {
        for (size_t i = 0; i < admit->role_key_count[role]; i++) {
            if (bytes_equal(BYTES(admit->role_keys[role][i].data, 32), BYTES(key->data, 32)))
                return true;
        }
    }
    return false;
}

static int read_role(struct admit *admit, const Hotline__V1__RoleKeys *role, size_t number)
{
    static const uint32_t least[] = {0, 3, 3, 2, 0};
    uint32_t threshold_min = admit->root->sandbox && least[number] > 0 ? 1 : least[number];

    if ((size_t)role->role != number)
        return admit_refuse(admit, HL_EFORMAT, "root", "roles are not 1 to 4 in order");
    if (role->threshold > role->n_keys || role->threshold < threshold_min)
        return admit_refuse(admit, HL_EFORMAT, "root", "threshold of a role is out of range");
    for (size_t i = 0; i < role->n_keys; i++) {
        if (i > 0 && !admit_ascends(&role->keys[i - 1], &role->keys[i]))
            return admit_refuse(admit, HL_EFORMAT, "root", "keys of a role do not ascend");
        if (key_is_in_roles(admit, &role->keys[i]))
            return admit_refuse(admit, HL_EFORMAT, "root", "a key has two roles");
        if (admit->suite->check_pk(role->keys[i].data) != HL_OK)
            return admit_refuse(admit, HL_EVERIFY, "root", "a key is no valid point");
    }
    if (role->n_keys > 0) /* no keys: no array either */
        memcpy(admit->role_keys[number], role->keys, role->n_keys * sizeof(role->keys[0]));
    admit->role_key_count[number] = role->n_keys;
    admit->role_threshold[number] = role->threshold;
    return HL_OK;
}

int admit_check_role(struct admit *admit, const Hotline__V1__Signed *object, enum label_fixed label,
                     size_t role, const char *document)
{
    int err = sign_check_threshold(admit->suite, object, label_fixed(label), admit->role_keys[role],
                                   admit->role_key_count[role], admit->role_threshold[role]);

    return err == HL_OK ? HL_OK
                        : admit_refuse(admit, err, document, "too few signatures of its role");
}

static int judge_root(struct admit *admit, const Hotline__V1__Signed *object,
                      const uint8_t *pinned_ns, const uint8_t *pinned_root)
{
    const Hotline__V1__RootMetadata *root = admit->root;
    struct trust *trust = admit->trust;
    struct bytes body = BYTES(object->body.data, object->body.len);

    if (root->version != 1 || root->ns.len != 0)
        return admit_refuse(admit, HL_EFORMAT, "root", "only version 1, without ns, is understood");
    if (!bytes_all_zero(BYTES(root->prev_hash.data, 32)) || root->min_suite != 1)
        return admit_refuse(admit, HL_EFORMAT, "root",
                            "prev_hash or min_suite is wrong for version 1");
    if (root->expires_ms <= root->issued_ms || root->expires_ms > root->issued_ms + ROOT_LIFE_MS)
        return admit_refuse(admit, HL_EFORMAT, "root", "lives too long");
    label_hash1(label_fixed(LABEL_ROOT_METADATA), body, trust->root_hash);
    label_hash1(label_fixed(LABEL_NAMESPACE), body, trust->ns);
    if (pinned_root && !bytes_equal(BYTES(pinned_root, 32), BYTES_OF(trust->root_hash)))
        return admit_refuse(admit, HL_EVERIFY, "root", "is not the pinned one");
    if (pinned_ns && !bytes_equal(BYTES(pinned_ns, 32), BYTES_OF(trust->ns)))
        return admit_refuse(admit, HL_EVERIFY, "root", "namespace is not the pinned one");
    for (size_t i = 0; i < 4; i++)
        TRY(read_role(admit, root->roles[i], i + 1));
    trust->is_sandbox = root->sandbox;
    trust->root_version = root->version;
    trust->root_expires_ms = root->expires_ms;
    return admit_check_role(admit, object, LABEL_ROOT_METADATA, 1, "root");
}

int admit_root(struct admit *admit, struct bytes input, const uint8_t *pinned_ns,
               const uint8_t *pinned_root)
{
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *body = NULL;

    TRY(admit_keep(admit, input, &admit->trust->signed_root));
    TRY(admit_parse(admit, input, &hotline__v1__root_metadata__descriptor, "root", &object, &body));
    admit->root = (Hotline__V1__RootMetadata *)
        body; /* freed by trust_admit(): its keys are used by later documents */
    int err = judge_root(admit, object, pinned_ns, pinned_root);
    hotline__v1__signed__free_unpacked(object, NULL);
    return err;
}

/* What was noted of a document goes with it. */
static int admit_one(struct admit *admit, int (*admit_it)(struct admit *, struct bytes),
                     struct bytes input, const char *name)
{
    struct trust *trust = admit->trust;
    size_t note_count = trust->note_count;
    size_t left_out_count = trust->left_out_count;
    int err = admit_it(admit, input);

    if (err == HL_OK)
        return HL_OK;
    trust->note_count = note_count;
    trust->left_out_count = left_out_count;
    return admit_leave_out(admit, err, name);
}

static int admit_all(struct admit *admit, const struct trust_documents *documents,
                     const uint8_t *pinned_ns, const uint8_t *pinned_root)
{
    TRY(admit_root(admit, documents->root, pinned_ns, pinned_root));
    TRY(admit_directory(admit, documents->directory));
    TRY(admit_timestamp(admit, documents->timestamp));
    for (size_t i = 0; i < documents->national_root_count; i++) {
        const char *const *names = documents->national_root_names;

        TRY(admit_one(admit, admit_national_root, documents->national_roots[i],
                      names ? names[i] : "a national root"));
    }
    for (size_t i = 0; i < documents->roster_count; i++) {
        const char *const *names = documents->roster_names;

        TRY(admit_one(admit, admit_roster, documents->rosters[i], names ? names[i] : "a roster"));
    }
    for (size_t i = 0; i < documents->cert_proof_count; i++)
        TRY(admit_cert_proof(admit, documents->cert_proofs[i]));
    return HL_OK;
}

int trust_admit(const struct suite *suite, const struct trust_documents *documents,
                const uint8_t *pinned_ns, const uint8_t *pinned_root, struct trust **ret_trust,
                char ret_reason[static REASON_SIZE])
{
    AUTO(trust) trust = calloc(1, sizeof(*trust));
    struct admit *admit = calloc(1, sizeof(*admit));
    int err = trust && admit ? HL_OK : HL_ENOMEM;

    ret_reason[0] = '\0';
    if (err == HL_OK) {
        admit->suite = suite;
        admit->trust = trust;
        admit->reason = ret_reason;
        admit->leaves_out = documents->leaves_out;
        err = admit_all(admit, documents, pinned_ns, pinned_root);
        if (admit->root)
            hotline__v1__root_metadata__free_unpacked(admit->root, NULL);
        if (admit->directory)
            hotline__v1__directory__free_unpacked(admit->directory, NULL);
        if (admit->timestamp)
            hotline__v1__timestamp__free_unpacked(admit->timestamp, NULL);
    }
    free(admit);
    TRY(err);
    *ret_trust = MOVE(trust);
    return HL_OK;
}
