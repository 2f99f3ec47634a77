/* export — the evidence bundle of one or more notices from the desk's own records. */
#include "client/export.h"

#include <stdlib.h>
#include <string.h>

#include "client/desk_sql.h"
#include "client/draft_row.h"
#include "client/export_parts.h"
#include "client/vault.h"
#include "keys/secret.h"
#include "proto/receipt.h"
#include "proto/schema.h"

#define NOTICES_MAX 16
#define SOFTWARE    "hotline desk"

void export_drop(struct export **export)
{
    if (*export == NULL)
        return;
    evidence_free((*export)->writer);
    free(*export);
    *export = NULL;
}

/* --- the certs that the bundle needs: no staff list --- */

static int add_cert(struct export *export, const uint8_t *entity, const ProtobufCBinaryData *id)
{
    if (id->len != ID_BYTES)
        return HL_OK; /* an optional signer that is absent */
    const struct cert *cert = trust_cert(export->desk->identity->trust, entity, id->data);
    if (cert == NULL)
        return HL_OK; /* the arbiter will say which one is missing */
    for (size_t i = 0; i < export->cert_count; i++) {
        if (export->certs[i] == cert)
            return HL_OK;
    }
    if (export->cert_count == EXPORT_CERTS_MAX)
        return HL_ETOOBIG;
    export->certs[export->cert_count++] = cert;
    return HL_OK;
}

static int add_notice_certs(struct export *export, const struct export_notice *item)
{
    AUTO(blob) content = NULL;
    TRY(vault_read_content(export->desk, item->deposit, &content));
    AUTO(draft_parts) parts = NULL;
    TRY(draft_parts_of(bytes_blob(content), &parts));
    const uint8_t *entity = item->sender.entity;
    const ProtobufCBinaryData sender_device = {
        .len = ID_BYTES, .data = export->notices[export->notice_count - 1].sender_device};
    TRY(add_cert(export, entity, &sender_device));
    TRY(add_cert(export, entity, &parts->notice->author));
    TRY(add_cert(export, entity, &parts->notice->draft_device));
    for (size_t i = 0; i < parts->release_count; i++) {
        TRY(add_cert(export, entity, &parts->releases[i]->releaser));
        TRY(add_cert(export, entity, &parts->releases[i]->releaser_device));
    }
    return HL_OK;
}

/* --- receipts --- */

/* One stored receipt. */
struct said {
    struct blob *octets; /* Signed; owned */
    uint8_t hash[HASH_BYTES];
    bool has_carrier; /* came to us in this deposit; else made here */
    uint8_t carrier[HASH_BYTES];
    struct desk_id to; /* whom it answers */
};

static int receipt_at(struct desk *desk, const uint8_t *notice, int64_t skip, struct said *ret_said)
{
    AUTO_ROWS rows = {0};
    TRY(sql_query(desk, &rows,
                  "SELECT hash, wrapped, carrier FROM receipt WHERE content_hash = ? AND counts = 1"
                  " ORDER BY rowid LIMIT 1 OFFSET ?",
                  SQL_ARGS(SQL_HASH(notice), SQL_N(skip))));
    bool has_row = false;
    TRY(sql_next(&rows, &has_row));
    if (!has_row)
        return HL_ENOTFOUND;
    TRY(sql_get_fixed(&rows, 0, ret_said->hash, HASH_BYTES));
    ret_said->has_carrier = sql_get_fixed(&rows, 2, ret_said->carrier, HASH_BYTES) == HL_OK;
    return vault_unwrap(desk->identity, ret_said->hash, sql_get_octets(&rows, 1),
                        &ret_said->octets);
}

static int parse_said(const struct said *said, Hotline__V1__Receipt **ret_receipt)
{
    Hotline__V1__Signed *object = NULL;
    TRY(sign_parse(bytes_blob(said->octets), &object));
    ProtobufCMessage *message = NULL;
    int err = strict_unpack(&hotline__v1__receipt__descriptor, &schema_receipt,
                            BYTES(object->body.data, object->body.len), &message, NULL);
    hotline__v1__signed__free_unpacked(object, NULL);
    TRY(err);
    *ret_receipt = (Hotline__V1__Receipt *)message;
    return HL_OK;
}

typedef int receipt_visitor(struct export *export, struct said *said,
                            const Hotline__V1__Receipt *receipt);

static int visit_said(struct export *export, struct said *said, receipt_visitor *visit)
{
    Hotline__V1__Receipt *receipt = NULL;
    TRY(parse_said(said, &receipt));
    int err = visit(export, said, receipt);
    hotline__v1__receipt__free_unpacked(receipt, NULL);
    return err;
}

static int each_receipt(struct export *export, const uint8_t *notice, receipt_visitor *visit)
{
    for (int64_t i = 0; i < EXPORT_RECEIPTS_MAX; i++) {
        struct said said = {0};
        int err = receipt_at(export->desk, notice, i, &said);
        if (err == HL_OK)
            err = visit_said(export, &said, visit);
        blob_free(said.octets);
        if (err == HL_ENOTFOUND)
            return HL_OK;
        TRY(err);
    }
    return HL_ETOOBIG;
}

static int add_receipt_certs(struct export *export, struct said *said,
                             const Hotline__V1__Receipt *receipt)
{
    (void)said;
    TRY(add_cert(export, receipt->by_entity.data, &receipt->by_device));
    return add_cert(export, receipt->by_entity.data, &receipt->officer);
}

/* The envelope of a receipt made here: to the desk of the device that it answers. */
static int find_own_carrier(struct export *export, struct said *said,
                            const Hotline__V1__Receipt *receipt)
{
    const struct cert *device =
        trust_cert(export->desk->identity->trust, receipt->to_entity.data, receipt->to_device.data);
    AUTO(blob) deposit = NULL;
    if (device == NULL || device->desks == 0)
        return HL_OK;
    int err = sql_blob_of(export->desk,
                          "SELECT hash FROM deposit WHERE content_hash = ? AND is_own = 1 LIMIT 1",
                          SQL_ARGS(SQL_HASH(said->hash)), &deposit);
    if (err == HL_ENOTFOUND)
        return HL_OK; /* not sealed yet */
    TRY(err);
    if (deposit->len != HASH_BYTES)
        return HL_EFORMAT;
    said->to.kind = (uint32_t)__builtin_ctz(device->desks);
    memcpy(said->to.entity, device->entity, ID_BYTES);
    memcpy(said->carrier, deposit->data, HASH_BYTES);
    said->has_carrier = true;
    return HL_OK;
}

/* The receipt, and before it the envelope that it came in: the relays' word on when it was given. */
static int write_receipt(struct export *export, struct said *said,
                         const Hotline__V1__Receipt *receipt)
{
    if (!said->has_carrier)
        TRY(find_own_carrier(export, said, receipt));
    if (said->has_carrier)
        TRY(export_carrier(export, said->carrier, &said->to));
    return evidence_add(export->writer, RECORD_RECEIPT, bytes_blob(said->octets));
}

/* --- gathering, then writing --- */

static int gather(struct export *export, const uint8_t *hash)
{
    struct export_notice *item = &export->notices[export->notice_count++];
    memcpy(item->hash, hash, HASH_BYTES);
    {
        AUTO_ROWS rows = {0};
        TRY(sql_query(export->desk, &rows,
                      "SELECT plane, direction, sender_entity, sender_kind, sender_device, deposit,"
                      " is_own_copy FROM notice WHERE hash = ?",
                      SQL_ARGS(SQL_HASH(hash))));
        bool has_row = false;
        TRY(sql_next(&rows, &has_row));
        if (!has_row)
            return desk_say(export->desk, HL_ENOTFOUND, "no such notice at this desk");
        item->plane = (unsigned)sql_get_number(&rows, 0);
        item->is_sealed_here = sql_get_number(&rows, 1) != 0 && sql_get_number(&rows, 6) == 0;
        TRY(sql_get_desk(&rows, 2, &item->sender));
        TRY(sql_get_fixed(&rows, 4, item->sender_device, ID_BYTES));
        TRY(sql_get_fixed(&rows, 5, item->deposit, HASH_BYTES));
    }
    if (item->plane != export->notices[0].plane)
        return desk_say(export->desk, HL_EINVAL, "one bundle is of one plane");
    TRY(add_notice_certs(export, item));
    return each_receipt(export, hash, add_receipt_certs);
}

static int write_all(struct export *export)
{
    TRY(evidence_add_trust(export->writer, export->desk->identity->trust, export->certs,
                           export->cert_count));
    AUTO(blob) reservation = NULL;
    TRY(reservation_preimage(&reservation));
    TRY(evidence_add(export->writer, RECORD_RESERVATION, bytes_blob(reservation)));
    for (size_t i = 0; i < export->notice_count; i++) {
        TRY(export_deposit(export, &export->notices[i]));
        TRY(each_receipt(export, export->notices[i].hash, write_receipt));
    }
    return HL_OK;
}

int export_evidence(struct desk *desk, const uint8_t (*notices)[HASH_BYTES], size_t count,
                    struct blob **ret_bundle)
{
    if (count == 0 || count > NOTICES_MAX)
        return desk_say(desk, HL_EINVAL, "a bundle has 1 to 16 notices");
    AUTO(export) export = calloc(1, sizeof(struct export));
    if (export == NULL)
        return HL_ENOMEM;
    export->desk = desk;
    const ProtobufCBinaryData own = {.len = ID_BYTES, .data = desk->identity->device->id};
    TRY(add_cert(export, desk->identity->desk.entity, &own));
    for (size_t i = 0; i < count; i++)
        TRY(gather(export, notices[i]));
    TRY(evidence_new(&export->writer));
    TRY(write_all(export));
    const struct evidence_manifest manifest = {.ns = desk->identity->trust->ns,
                                               .device = desk->identity->device_cert,
                                               .device_key = desk->identity->device,
                                               .at_ms = desk_now_ms(desk),
                                               .plane = export->notices[0].plane,
                                               .software = SOFTWARE,
                                               .notices = notices,
                                               .notice_count = count};
    return evidence_finish(export->writer, desk->identity->suite, &manifest, ret_bundle);
}
