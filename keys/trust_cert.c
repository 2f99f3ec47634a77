/* trust_cert — certificates of a roster: fields of their kind, proof of possession, keys used twice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/admit.h"
#include "keys/possession.h"

#define CERT_LIFE_MS (400 * ADMIT_DAY)
#define DEVICE_ROLES ((uint32_t)(ROLE_BIT_AUTO | ROLE_BIT_MONITOR | ROLE_BIT_DESK))

/* SIG(possession, ns | entity | u8 kind | sign_pk | noise_static or 32 zeros) by sign_pk */
static int check_possession(struct admit *admit, const Hotline__V1__Cert *cert)
{
    uint8_t body[POSSESSION_BYTES];

    possession_body(cert, body);
    int err = sign_verify_body(admit->suite, cert->sign_pk.data, label_fixed(LABEL_POSSESSION),
                               BYTES_OF(body), BYTES(cert->pop.data, cert->pop.len));
    return err == HL_OK ? HL_OK
                        : admit_refuse(admit, err, "roster",
                                       "possession of a certificate's key is not proved");
}

static bool roles_fit(const Hotline__V1__Cert *cert)
{
    uint32_t terminal = cert->roles & (ROLE_BIT_MONITOR | ROLE_BIT_DESK);

    if (cert->kind == HOTLINE__V1__CERT_KIND__CERT_OFFICER)
        return (cert->roles & ~15U) == 0;
    return (cert->roles & ROLE_BIT_AUTO) && (cert->roles | DEVICE_ROLES) == DEVICE_ROLES &&
           (terminal == ROLE_BIT_MONITOR || terminal == ROLE_BIT_DESK);
}

static int check_fields(struct admit *admit, const Hotline__V1__Cert *cert)
{
    bool is_device = cert->kind == HOTLINE__V1__CERT_KIND__CERT_DEVICE;
    bool has_device_fields = cert->noise_static.len == 32 && cert->device_no >= 1;

    if (!roles_fit(cert))
        return admit_refuse(admit, HL_EFORMAT, "roster",
                            "roles of a certificate do not fit its kind");
    if (is_device && (!has_device_fields || cert->n_desks != 1 || cert->person.len != 0))
        return admit_refuse(admit, HL_EFORMAT, "roster",
                            "fields of a device's certificate are wrong");
    if (!is_device &&
        (cert->noise_static.len != 0 || cert->device_no != 0 || cert->person.len != ID_BYTES))
        return admit_refuse(admit, HL_EFORMAT, "roster",
                            "fields of an officer's certificate are wrong");
    for (size_t i = 1; i < cert->n_desks; i++) {
        if (cert->desks[i - 1] >= cert->desks[i])
            return admit_refuse(admit, HL_EFORMAT, "roster",
                                "desks of a certificate do not ascend");
    }
    if (cert->not_after_ms <= cert->not_before_ms ||
        cert->not_after_ms > cert->not_before_ms + CERT_LIFE_MS)
        return admit_refuse(admit, HL_EFORMAT, "roster", "a certificate lives too long");
    return HL_OK;
}

static void copy_cert(const Hotline__V1__Cert *from, struct bytes octets, struct cert *cert)
{
    cert->kind = from->kind;
    memcpy(cert->entity, from->entity.data, ID_BYTES);
    memcpy(cert->sign_pk, from->sign_pk.data, 32);
    key_id_of(cert->sign_pk, cert->id);
    if (from->noise_static.len == 32)
        memcpy(cert->noise_static, from->noise_static.data, 32);
    if (from->person.len == ID_BYTES)
        memcpy(cert->person, from->person.data, ID_BYTES);
    label_hash1(label_fixed(LABEL_CERT), octets, cert->hash);
    cert->roles = from->roles;
    for (size_t i = 0; i < from->n_desks; i++)
        cert->desks |= 1U << from->desks[i];
    cert->device_no = from->device_no;
    (void)snprintf(cert->role_label, sizeof(cert->role_label), "%s", from->role_label);
    cert->not_before_ms = from->not_before_ms;
    cert->not_after_ms = from->not_after_ms;
    cert->serial = from->serial;
    cert->octets = octets;
}

static int judge_cert(struct admit *admit, const struct entity *entity,
                      const Hotline__V1__Cert *cert)
{
    if (!admit_has_ns(admit, &cert->ns) ||
        !bytes_equal(BYTES(cert->entity.data, ID_BYTES), BYTES_OF(entity->id)))
        return admit_refuse(admit, HL_EVERIFY, "roster",
                            "a certificate belongs to another State or namespace");
    TRY(check_fields(admit, cert));
    if (admit->suite->check_pk(cert->sign_pk.data) != HL_OK)
        return admit_refuse(admit, HL_EVERIFY, "roster", "a certificate's key is no valid point");
    return check_possession(admit, cert);
}

static bool same_key(const struct cert *cert, const uint8_t *pk)
{
    return bytes_equal(BYTES_OF(cert->sign_pk), BYTES(pk, 32));
}

/* A terminal's channel key has no proof of possession: who refused a second certificate with it would let one State mute
 * another by copying its key. Sessions are looked up by certificate too, so the copy is useless; but somebody tries. */
static void note_channel_key(struct admit *admit, const struct entity *own, const struct cert *cert,
                             const uint8_t *other, const char *whose)
{
    if (cert->kind == HOTLINE__V1__CERT_KIND__CERT_DEVICE &&
        bytes_equal(BYTES_OF(cert->noise_static), BYTES(other, 32)))
        admit_note(admit,
                   "roster: the channel key of a terminal of %s (serial %llu) is also that of %s",
                   own->code, (unsigned long long)cert->serial, whose);
}

/* A signing key stands in one roster and in no relay descriptor; the State that comes later is refused. */
static int check_elsewhere(struct admit *admit, const struct entity *own, const struct cert *cert)
{
    const struct trust *trust = admit->trust;

    for (size_t i = 0; i < trust->relay_count; i++) {
        if (same_key(cert, trust->relays[i].sign_pk) || same_key(cert, trust->relays[i].log_pk))
            return admit_refuse(admit, HL_EVERIFY, "roster", "a certificate's key is a relay's");
        note_channel_key(admit, own, cert, trust->relays[i].noise_static, trust->relays[i].name);
    }
    for (size_t i = 0; i < trust->entity_count; i++) {
        const struct entity *other = &trust->entities[i];

        for (size_t k = 0; other != own && other->roster && k < other->roster->cert_count; k++) {
            if (same_key(cert, other->roster->certs[k].sign_pk))
                return admit_refuse(admit, HL_EVERIFY, "roster",
                                    "a certificate's key is in another State's roster");
            note_channel_key(admit, own, cert, other->roster->certs[k].noise_static, other->code);
        }
    }
    return HL_OK;
}

int admit_cert(struct admit *admit, const struct entity *entity, struct bytes octets,
               struct cert *ret_cert)
{
    ProtobufCMessage *body = NULL;
    struct bytes kept;

    TRY(admit_keep(admit, octets, &kept));
    TRY(admit_parse_body(admit, kept, &hotline__v1__cert__descriptor, "roster", &body));
    Hotline__V1__Cert *cert = (Hotline__V1__Cert *)body;
    int err = judge_cert(admit, entity, cert);
    if (err == HL_OK)
        copy_cert(cert, kept, ret_cert);
    protobuf_c_message_free_unpacked(body, NULL);
    TRY(err);
    return check_elsewhere(admit, entity, ret_cert);
}

static int check_among(struct admit *admit, const struct entity *own, size_t index)
{
    const struct roster *roster = own->roster;
    const struct cert *cert = &roster->certs[index];

    for (size_t i = 0; i < index; i++) {
        const struct cert *other = &roster->certs[i];

        if (same_key(cert, other->sign_pk))
            return admit_refuse(admit, HL_EFORMAT, "roster", "a key has two certificates");
        note_channel_key(admit, own, cert, other->noise_static, own->code);
        if (cert->device_no != 0 && cert->device_no == other->device_no &&
            cert->desks == other->desks)
            return admit_refuse(admit, HL_EFORMAT, "roster",
                                "a device number stands twice in a desk");
    }
    if (index > 0 && roster->certs[index - 1].serial >= cert->serial)
        return admit_refuse(admit, HL_EFORMAT, "roster", "serials do not ascend");
    return HL_OK;
}

int admit_certs(struct admit *admit, struct entity *entity, const Hotline__V1__RosterDoc *document)
{
    struct roster *roster = entity->roster;

    roster->certs = calloc(document->n_certs, sizeof(roster->certs[0]));
    if (!roster->certs)
        return HL_ENOMEM;
    for (size_t i = 0; i < document->n_certs; i++) {
        TRY(admit_cert(admit, entity, BYTES(document->certs[i].data, document->certs[i].len),
                       &roster->certs[i]));
        roster->certs[i].index = (uint32_t)i;
        roster->cert_count = i + 1;
        TRY(check_among(admit, entity, i));
    }
    return HL_OK;
}
