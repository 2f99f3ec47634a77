/* evidence — write a bundle: records in order, the trust's documents with the certificates used, the manifest last. */
#include "proto/evidence.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "keys/merkle.h"
#include "keys/schema.h"
#include "proto/evidence_parts.h"
#include "proto/schema.h"
#include "receipt.pb-c.h"

struct evidence_writer {
    struct buf octets;
    uint8_t (*hashes)[HASH_BYTES]; /* of each record, for the manifest */
    size_t count;
};

int evidence_new(struct evidence_writer **ret_writer)
{
    struct evidence_writer *writer = calloc(1, sizeof(*writer));

    if (!writer)
        return HL_ENOMEM;
    writer->hashes = calloc(BUNDLE_RECORDS_MAX, sizeof(writer->hashes[0]));
    if (!writer->hashes) {
        free(writer);
        return HL_ENOMEM;
    }
    buf_init(&writer->octets, LIMIT_BUNDLE);
    buf_add_text(&writer->octets, BUNDLE_MAGIC);
    *ret_writer = writer;
    return HL_OK;
}

void evidence_free(struct evidence_writer *writer)
{
    if (!writer)
        return;
    buf_done(&writer->octets);
    free(writer->hashes);
    free(writer);
}

void bundle_record_hash(uint32_t type, struct bytes octets, uint8_t ret_hash[static HASH_BYTES])
{
    uint8_t number[4];

    put_u32be(number, type);
    const struct bytes parts[] = {BYTES_OF(number), octets};
    hash_parts(parts, 2, ret_hash);
}

/* Half a bundle is none: after the first failure the writer gives nothing more. */
static int stick(struct evidence_writer *writer, int err)
{
    if (writer->octets.err == HL_OK)
        writer->octets.err = err;
    return err;
}

static void append(struct evidence_writer *writer, uint32_t type, struct bytes octets)
{
    buf_add_u32be(&writer->octets, type);
    buf_add_u32be(&writer->octets, (uint32_t)octets.len);
    buf_add(&writer->octets, octets);
}

int evidence_add(struct evidence_writer *writer, enum bundle_record type, struct bytes octets)
{
    if (writer->count == BUNDLE_RECORDS_MAX)
        return stick(writer, HL_ETOOBIG);
    bundle_record_hash((uint32_t)type, octets, writer->hashes[writer->count++]);
    append(writer, (uint32_t)type, octets);
    return writer->octets.err;
}

static int cert_path(const struct roster *roster, const struct cert *cert, uint8_t (*ret_path)[32],
                     size_t *ret_len)
{
    uint8_t leaves[256][32];

    if (roster->cert_count > 256)
        return HL_EINVAL;
    for (size_t i = 0; i < roster->cert_count; i++)
        merkle_leaf(roster->certs[i].octets, leaves[i]);
    return merkle_path((const uint8_t(*)[32])leaves, roster->cert_count, cert->index, ret_path,
                       ret_len);
}

static int add_cert(struct evidence_writer *writer, const struct roster *roster,
                    const struct cert *cert)
{
    Hotline__V1__CertProof proof = HOTLINE__V1__CERT_PROOF__INIT;
    uint8_t path[MERKLE_PROOF_MAX][32];
    ProtobufCBinaryData items[MERKLE_PROOF_MAX];
    size_t len = 0;
    AUTO(blob) packed = NULL;

    TRY(cert_path(roster, cert, path, &len));
    for (size_t i = 0; i < len; i++)
        items[i] = strict_octets(path[i], 32);
    TRY(sign_parse(roster->signed_roster, &proof.roster));
    proof.cert = strict_octets(cert->octets.data, cert->octets.len);
    proof.index = cert->index;
    proof.n_proof = len;
    proof.proof = items;
    int err = strict_pack(&proof.base, &packed);
    hotline__v1__signed__free_unpacked(proof.roster, NULL);
    TRY(err);
    return evidence_add(writer, RECORD_CERT_PROOF, bytes_blob(packed));
}

static bool names_state(const struct cert *const *certs, size_t count, const struct entity *entity)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(BYTES_OF(certs[i]->entity), BYTES_OF(entity->id)))
            return true;
    }
    return false;
}

/* Only the certificates used, each once: a bundle is no staff list. */
static int add_trust(struct evidence_writer *writer, const struct trust *trust,
                     const struct cert *const *certs, size_t count)
{
    TRY(evidence_add(writer, RECORD_ROOT, trust->signed_root));
    TRY(evidence_add(writer, RECORD_DIRECTORY, trust->signed_directory));
    TRY(evidence_add(writer, RECORD_TIMESTAMP, trust->signed_timestamp));
    for (size_t i = 0; i < trust->entity_count; i++) {
        if (names_state(certs, count, &trust->entities[i]))
            TRY(evidence_add(writer, RECORD_NATIONAL_ROOT,
                             trust->entities[i].signed_national_root));
    }
    for (size_t i = 0; i < count; i++) {
        bool is_repeated = false;
        const struct entity *entity = trust_entity(trust, certs[i]->entity);

        for (size_t k = 0; k < i; k++)
            is_repeated = is_repeated || certs[k] == certs[i];
        if (!entity || !entity->roster)
            return HL_ENOTFOUND;
        if (is_repeated)
            continue;
        TRY(add_cert(writer, entity->roster, certs[i]));
        if (certs[i]->signed_revocation.len > 0)
            TRY(evidence_add(writer, RECORD_REVOCATION, certs[i]->signed_revocation));
    }
    return HL_OK;
}

int evidence_add_trust(struct evidence_writer *writer, const struct trust *trust,
                       const struct cert *const *certs, size_t count)
{
    return stick(writer, add_trust(writer, trust, certs, count));
}

static int pack_manifest(const struct evidence_writer *writer, const struct evidence_manifest *from,
                         struct blob **ret_body)
{
    Hotline__V1__BundleManifest manifest;
    AUTO(blob) software = NULL;
    ProtobufCBinaryData *items = calloc(writer->count + from->notice_count + 1, sizeof(*items));

    if (!items)
        return HL_ENOMEM;
    hotline__v1__bundle_manifest__init(&manifest);
    for (size_t i = 0; i < from->notice_count; i++)
        items[i] = strict_octets(from->notices[i], HASH_BYTES);
    for (size_t i = 0; i < writer->count; i++)
        items[from->notice_count + i] = strict_octets(writer->hashes[i], HASH_BYTES);
    manifest.ns = strict_octets(from->ns, NS_BYTES);
    manifest.by_entity = strict_octets(from->device->entity, ID_BYTES);
    manifest.by_device = strict_octets(from->device->id, ID_BYTES);
    manifest.at_ms = from->at_ms;
    manifest.plane = (Hotline__V1__Plane)from->plane;
    manifest.n_notices = from->notice_count;
    manifest.notices = items;
    manifest.n_records = writer->count;
    manifest.records = items + from->notice_count;
    int err = blob_copy(BYTES(from->software, strlen(from->software) + 1), &software);
    if (err == HL_OK) {
        manifest.software = (char *)software->data;
        err = strict_pack(&manifest.base, ret_body);
    }
    free(items);
    return err;
}

static int finish(struct evidence_writer *writer, const struct suite *suite,
                  const struct evidence_manifest *manifest, struct blob **ret_bundle)
{
    AUTO(blob) body = NULL;
    AUTO(blob) object = NULL;
    ProtobufCMessage *checked = NULL;

    TRY(writer->octets.err);
    TRY(pack_manifest(writer, manifest, &body));
    if (body->len > SIGNED_BODY_MAX) /* nobody could parse it: at about 30 800 records */
        return HL_ETOOBIG;
    TRY(strict_unpack(&hotline__v1__bundle_manifest__descriptor, &schema_receipt, bytes_blob(body),
                      &checked, NULL));
    protobuf_c_message_free_unpacked(checked, NULL);
    TRY(sign_object(suite, label_fixed(LABEL_BUNDLE), bytes_blob(body), &manifest->device_key, 1,
                    &object));
    append(writer, RECORD_MANIFEST, bytes_blob(object));
    return buf_to_blob(&writer->octets, ret_bundle);
}

int evidence_finish(struct evidence_writer *writer, const struct suite *suite,
                    const struct evidence_manifest *manifest, struct blob **ret_bundle)
{
    return stick(writer, finish(writer, suite, manifest, ret_bundle));
}
