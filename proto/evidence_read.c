/* evidence_read — the bundle's records, its documents, its manifest. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/evidence_parts.h"
#include "proto/schema.h"

int arbiter_fail(struct arbiter *arbiter, size_t item, const char *what)
{
    if (!arbiter->verdict->step[0])
        (void)snprintf(arbiter->verdict->step, sizeof(arbiter->verdict->step), "record %zu: %s",
                       item + 1, what);
    return HL_EVERIFY;
}

int arbiter_check(struct arbiter *arbiter, size_t item, int err, const char *what)
{
    return err == HL_OK || err == HL_ENOMEM ? err : arbiter_fail(arbiter, item, what);
}

static bool is_known(uint32_t type)
{
    return (type >= RECORD_ROOT && type <= RECORD_REVOCATION) ||
           (type >= RECORD_ENVELOPE && type <= RECORD_SERVICE) || type == RECORD_MANIFEST;
}

static int check_hashes(struct arbiter *arbiter)
{
    const Hotline__V1__BundleManifest *manifest = arbiter->manifest;

    if (manifest->n_records != arbiter->count - 1)
        return arbiter_fail(arbiter, arbiter->count - 1, "manifest counts other records");
    for (size_t i = 0; i + 1 < arbiter->count; i++) {
        uint8_t hash[HASH_BYTES];

        bundle_record_hash(arbiter->items[i].type, arbiter->items[i].octets, hash);
        if (!bytes_equal(BYTES_OF(hash), BYTES(manifest->records[i].data, HASH_BYTES)))
            return arbiter_fail(arbiter, i, "is not the one of the manifest");
    }
    return HL_OK;
}

static int parse_manifest(struct arbiter *arbiter)
{
    size_t last = arbiter->count - 1;
    ProtobufCMessage *body = NULL;

    TRY(arbiter_check(arbiter, last,
                      sign_parse(arbiter->items[last].octets, &arbiter->manifest_object),
                      "manifest is not canonical"));
    const Hotline__V1__Signed *object = arbiter->manifest_object;
    int err = strict_unpack(&hotline__v1__bundle_manifest__descriptor, &schema_receipt,
                            BYTES(object->body.data, object->body.len), &body, NULL);
    TRY(arbiter_check(arbiter, last, err, "manifest is not canonical"));
    arbiter->manifest = (Hotline__V1__BundleManifest *)body; /* both are freed with the arbiter */
    return HL_OK;
}

/* Who exported: judged once the certificates are. */
static int check_exporter(struct arbiter *arbiter)
{
    const Hotline__V1__BundleManifest *manifest = arbiter->manifest;
    const Hotline__V1__Signed *object = arbiter->manifest_object;
    size_t last = arbiter->count - 1;
    const struct cert *device =
        trust_cert(arbiter->trust, manifest->by_entity.data, manifest->by_device.data);

    if (!bytes_equal(BYTES(manifest->ns.data, NS_BYTES), BYTES_OF(arbiter->trust->ns)))
        return arbiter_fail(arbiter, last, "manifest of another namespace");
    if (!device || device->kind != HOTLINE__V1__CERT_KIND__CERT_DEVICE)
        return arbiter_fail(arbiter, last, "exporting device is not certified");
    if (device->revoked_since_ms != 0 && device->revoked_since_ms <= manifest->at_ms)
        return arbiter_fail(arbiter, last, "exporting device is revoked");
    /* at_ms is its own word: a thief would write an earlier one. */
    if (device->revoked_since_ms != 0) {
        arbiter->verdict->result = VERDICT_VALID_WITH_REMARKS;
        arbiter->verdict->detail = "exporting device is revoked; when it exported is its own word";
    }
    if (object->n_sigs != 1)
        return arbiter_fail(arbiter, last, "manifest's signature");
    TRY(arbiter_check(
        arbiter, last,
        sign_check_at(arbiter->suite, object, 0, label_fixed(LABEL_BUNDLE), device->sign_pk),
        "manifest's signature"));
    arbiter->verdict->plane = (unsigned)manifest->plane;
    return HL_OK;
}

/* "HLB1", then u32be type | u32be len | octets to the end; the manifest is the last record and the only one. */
int arbiter_read(struct arbiter *arbiter, struct bytes bundle)
{
    size_t at = strlen(BUNDLE_MAGIC);

    if (bundle.len < at || !bytes_equal(BYTES(bundle.data, at), bytes_text(BUNDLE_MAGIC)))
        return arbiter_fail(arbiter, 0, "not a bundle");
    while (at < bundle.len) {
        if (arbiter->count > BUNDLE_RECORDS_MAX || bundle.len - at < 8)
            return arbiter_fail(arbiter, arbiter->count, "cut off, or too many records");
        uint32_t type = get_u32be(bundle.data + at);
        uint32_t len = get_u32be(bundle.data + at + 4);

        if (!is_known(type))
            return arbiter_fail(arbiter, arbiter->count, "unknown type");
        if (len > bundle.len - at - 8)
            return arbiter_fail(arbiter, arbiter->count, "cut off");
        if (arbiter->count > 0 && arbiter->items[arbiter->count - 1].type == RECORD_MANIFEST)
            return arbiter_fail(arbiter, arbiter->count, "stands behind the manifest");
        arbiter->items[arbiter->count++] =
            (struct bundle_item){type, BYTES(bundle.data + at + 8, len)};
        at += 8 + len;
    }
    if (arbiter->count == 0 || arbiter->items[arbiter->count - 1].type != RECORD_MANIFEST)
        return arbiter_fail(arbiter, arbiter->count, "manifest missing");
    TRY(parse_manifest(arbiter));
    return check_hashes(arbiter); /* before anything dearer: most damage shows here */
}

/* Views of all records of one type. */
static size_t collect(const struct arbiter *arbiter, uint32_t type, struct bytes *ret_views,
                      size_t max)
{
    size_t count = 0;

    for (size_t i = 0; i < arbiter->count && count < max; i++) {
        if (arbiter->items[i].type == type)
            ret_views[count++] = arbiter->items[i].octets;
    }
    return count;
}

static struct bytes first_of(const struct arbiter *arbiter, uint32_t type)
{
    struct bytes view = {NULL, 0};

    (void)collect(arbiter, type, &view, 1);
    return view;
}

int arbiter_trust(struct arbiter *arbiter)
{
    struct bytes *views = calloc(2 * arbiter->count, sizeof(*views));
    char reason[160] = "";

    if (!views)
        return HL_ENOMEM;
    struct trust_documents documents = {.root = first_of(arbiter, RECORD_ROOT),
                                        .directory = first_of(arbiter, RECORD_DIRECTORY),
                                        .timestamp = first_of(arbiter, RECORD_TIMESTAMP),
                                        .national_roots = views,
                                        .cert_proofs = views + arbiter->count};
    documents.national_root_count = collect(arbiter, RECORD_NATIONAL_ROOT, views, arbiter->count);
    documents.cert_proof_count =
        collect(arbiter, RECORD_CERT_PROOF, views + arbiter->count, arbiter->count);
    int err = trust_admit(arbiter->suite, &documents, NULL, arbiter->pinned_root, &arbiter->trust,
                          reason);
    free(views);
    if (err == HL_ENOMEM)
        return err;
    if (err != HL_OK) {
        (void)snprintf(arbiter->verdict->step, sizeof(arbiter->verdict->step), "%.63s", reason);
        return HL_EVERIFY;
    }
    memcpy(arbiter->verdict->root_hash, arbiter->trust->root_hash, HASH_BYTES);
    TRY(arbiter_revocations(arbiter));
    return check_exporter(arbiter);
}

/* What the root says of itself, judged or not: the mark only takes weight from what is shown. */
static int root_says_sandbox(struct bytes root, bool *ret_is_sandbox)
{
    Hotline__V1__Signed *object = NULL;
    ProtobufCMessage *body = NULL;

    TRY(sign_parse(root, &object));
    int err = strict_unpack(&hotline__v1__root_metadata__descriptor, NULL,
                            BYTES(object->body.data, object->body.len), &body, NULL);
    hotline__v1__signed__free_unpacked(object, NULL);
    TRY(err);
    *ret_is_sandbox = ((const Hotline__V1__RootMetadata *)(const void *)body)->sandbox;
    protobuf_c_message_free_unpacked(body, NULL);
    return HL_OK;
}

int arbiter_mark(struct arbiter *arbiter)
{
    bool *mark = &arbiter->verdict->is_sandbox;

    if (!arbiter->trust)
        return root_says_sandbox(first_of(arbiter, RECORD_ROOT), mark) == HL_ENOMEM ? HL_ENOMEM
                                                                                    : HL_OK;
    *mark = arbiter->trust->is_sandbox;
    return HL_OK;
}
