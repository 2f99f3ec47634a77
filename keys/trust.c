/* trust — look-ups in an admitted federation. Admission is keys/trust_admit.c, files are keys/trust_files.c. */
#include "keys/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_words[] = {"", "DIP", "TEC", "POL", "DIR"};

void trust_free(struct trust *trust)
{
    if (!trust)
        return;
    for (size_t i = 0; i < trust->entity_count; i++) {
        if (trust->entities[i].roster)
            free(trust->entities[i].roster->certs);
        free(trust->entities[i].roster);
    }
    free(trust->entities);
    free(trust->relays);
    for (size_t i = 0; i < trust->owned_count; i++)
        blob_free(trust->owned[i]);
    free(trust->owned);
    free(trust);
}

const char *trust_note(const struct trust *trust, size_t index)
{
    if (index >= trust->note_count || index >= TRUST_NOTES_MAX)
        return NULL;
    if (index == TRUST_NOTES_MAX - 1 && trust->note_count > TRUST_NOTES_MAX)
        return "more is wrong with the documents than can be told at once; look at each";
    return trust->notes[index];
}

const struct entity *trust_lost_roster(const struct trust *before, const struct trust *after)
{
    for (size_t i = 0; after->left_out_count > 0 && i < after->entity_count; i++) {
        const struct entity *old = trust_entity(before, after->entities[i].id);

        if (old && old->roster && !after->entities[i].roster)
            return &after->entities[i];
    }
    return NULL;
}

static bool same_id(const uint8_t *left, const uint8_t *right)
{
    return bytes_equal(BYTES(left, ID_BYTES), BYTES(right, ID_BYTES));
}

const struct entity *trust_entity(const struct trust *trust, const uint8_t id[static ID_BYTES])
{
    for (size_t i = 0; i < trust->entity_count; i++) {
        if (same_id(trust->entities[i].id, id))
            return &trust->entities[i];
    }
    return NULL;
}

const struct entity *trust_entity_by_code(const struct trust *trust, const char *code)
{
    for (size_t i = 0; i < trust->entity_count; i++) {
        if (strcmp(trust->entities[i].code, code) == 0)
            return &trust->entities[i];
    }
    return NULL;
}

const struct cert *trust_cert(const struct trust *trust, const uint8_t entity[static ID_BYTES],
                              const uint8_t id[static ID_BYTES])
{
    const struct entity *state = trust_entity(trust, entity);

    for (size_t i = 0; state && state->roster && i < state->roster->cert_count; i++) {
        if (same_id(state->roster->certs[i].id, id))
            return &state->roster->certs[i];
    }
    return NULL;
}

const struct cert *trust_device_no(const struct trust *trust, const struct desk_id *desk,
                                   uint32_t device_no)
{
    const struct entity *state = trust_entity(trust, desk->entity);

    for (size_t i = 0; state && state->roster && i < state->roster->cert_count; i++) {
        const struct cert *cert = &state->roster->certs[i];

        if (cert->kind == HOTLINE__V1__CERT_KIND__CERT_DEVICE && cert->device_no == device_no &&
            cert->desks == 1U << desk->kind)
            return cert;
    }
    return NULL;
}

const struct relay_info *trust_relay(const struct trust *trust, const uint8_t id[static ID_BYTES])
{
    for (size_t i = 0; i < trust->relay_count; i++) {
        if (same_id(trust->relays[i].id, id))
            return &trust->relays[i];
    }
    return NULL;
}

const struct relay_info *trust_relay_by_name(const struct trust *trust, const char *name)
{
    for (size_t i = 0; i < trust->relay_count; i++) {
        if (strcmp(trust->relays[i].name, name) == 0)
            return &trust->relays[i];
    }
    return NULL;
}

int desk_parse(const struct trust *trust, const char *text, struct desk_id *ret_desk)
{
    char code[4];

    if (strlen(text) != 7 || text[3] != '.')
        return HL_EFORMAT;
    (void)snprintf(code, sizeof(code), "%.3s", text);
    for (uint32_t kind = 1; kind <= 4; kind++) {
        if (strcmp(text + 4, kind_words[kind]) != 0)
            continue;
        const struct entity *state = trust_entity_by_code(trust, code);
        if (!state)
            return HL_ENOTFOUND;
        if (state->roster && !(state->roster->desk_kinds & 1U << kind))
            return HL_ENOTFOUND;
        memcpy(ret_desk->entity, state->id, ID_BYTES);
        ret_desk->kind = kind;
        return HL_OK;
    }
    return HL_EFORMAT;
}

void desk_format(const struct trust *trust, const struct desk_id *desk, char ret_text[static 9])
{
    const struct entity *state = trust_entity(trust, desk->entity);

    (void)snprintf(ret_text, 9, "%s.%s", state ? state->code : "???",
                   desk->kind >= 1 && desk->kind <= 4 ? kind_words[desk->kind] : "???");
}

int desk_order(const struct desk_id *left, const struct desk_id *right)
{
    int order = bytes_order(BYTES_OF(left->entity), BYTES_OF(right->entity));

    if (order != 0)
        return order;
    return left->kind < right->kind ? -1 : left->kind > right->kind;
}

bool desk_equal(const struct desk_id *left, const struct desk_id *right)
{
    return desk_order(left, right) == 0;
}

int64_t trust_stale_hours(const struct trust *trust, int64_t now_ms)
{
    int64_t earliest = trust->root_expires_ms;

    if (trust->directory_expires_ms < earliest)
        earliest = trust->directory_expires_ms;
    if (trust->timestamp_expires_ms < earliest)
        earliest = trust->timestamp_expires_ms;
    for (size_t i = 0; i < trust->entity_count; i++) {
        if (trust->entities[i].roster && trust->entities[i].roster->expires_ms < earliest)
            earliest = trust->entities[i].roster->expires_ms;
    }
    return now_ms <= earliest ? 0 : (now_ms - earliest) / 3600000 + 1;
}
