/* handle_prekey — PrekeyPut: a device's own prekeys, verified strictly, stored durably; PrekeyGet: open to every device. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/dispatch.h"
#include "daemon/relay_state.h"

#define RESULT_BYTES_MAX (512U * 1024) /* of one PrekeyResult, below its limit of 1 MiB */
#define PREKEY_BYTES     1536          /* more than one Signed{Prekey} takes */
#define PREKEYS_A_RESULT (RESULT_BYTES_MAX / PREKEY_BYTES)

/* --- PrekeyPut ----------------------------------------------------------------------------------------------------- */

static void put_result(struct relay *relay, struct session *session, uint64_t req,
                       enum prekey_code code)
{
    Hotline__V1__PutResult result = HOTLINE__V1__PUT_RESULT__INIT;

    result.req = req;
    result.code = (uint32_t)code;
    relay_send_message(relay, session, RECORD_PUT_RESULT, &result.base);
}

void prekey_result(struct relay *relay, struct pending_prekeys *prekeys, int err)
{
    struct device *device = prekeys->device;
    struct session *session = prekeys->session;

    for (size_t place = 0; err == HL_OK && place < DEVICE_PREKEYS; place++) {
        if (!prekeys->is_new[place])
            continue;
        blob_free(device->prekeys[place].signed_prekey);
        device->prekeys[place] = prekeys->places[place];
        prekeys->is_new[place] = false; /* the device owns it */
    }
    device->is_prekey_pending = false;
    session->refs--;
    put_result(relay, session, prekeys->req,
               err == HL_OK ? prekeys->code : prekey_code_worse(prekeys->code, PREKEY_BUSY));
    relay_unref(session);
    pending_prekeys_free(prekeys);
}

static int keep(struct pending_prekeys *prekeys, size_t place, const struct prekey *prekey,
                struct bytes signed_prekey)
{
    struct blob *copy = NULL;

    TRY(blob_copy(signed_prekey, &copy));
    if (prekeys->is_new[place])
        blob_free(prekeys->places[place].signed_prekey);
    held_prekey_set(&prekeys->places[place], prekey);
    prekeys->places[place].signed_prekey = copy;
    prekeys->is_new[place] = true;
    return HL_OK;
}

static bool is_own_rotating(const struct device *device, const struct prekey *prekey)
{
    return bytes_equal(BYTES_OF(prekey->entity), BYTES_OF(device->id.entity)) &&
           bytes_equal(BYTES_OF(prekey->device), BYTES_OF(device->id.id)) &&
           prekey->kind == HOTLINE__V1__PREKEY_KIND__PK_ROTATING;
}

static int judge_one(struct relay *relay, struct pending_prekeys *prekeys,
                     const Hotline__V1__Signed *object)
{
    enum prekey_code code = PREKEY_INVALID;
    AUTO(blob) octets = NULL;
    struct prekey prekey;
    size_t place = 0;
    struct quota *quota = &prekeys->device->quota;
    uint32_t retry_s;
    int err;

    if (!bucket_take(&quota->fruitless_prekeys, QUOTA_FRUITLESS_PREKEY_PER_HOUR, 1,
                     clock_mono_ms(relay->clock), &retry_s)) {
        prekeys->code = prekey_code_worse(prekeys->code, PREKEY_BUSY);
        return HL_OK;
    }
    TRY(strict_pack(&object->base, &octets)); /* canonical, as it came */
    err = prekey_check(relay->suite, relay->trust, bytes_blob(octets), clock_utc_ms(relay->clock),
                       &prekey);
    if (err == HL_ENOMEM)
        return err;
    if (err == HL_OK && is_own_rotating(prekeys->device, &prekey))
        code = prekey_judge(prekeys->places, &prekey, &place);
    if (code == PREKEY_STORED && !bucket_take(&quota->prekeys, QUOTA_PREKEYS_PER_HOUR, 1,
                                              clock_mono_ms(relay->clock), &retry_s))
        code = PREKEY_BUSY;
    if (code == PREKEY_STORED) {
        bucket_give_back(&quota->fruitless_prekeys, QUOTA_FRUITLESS_PREKEY_PER_HOUR, 1);
        TRY(keep(prekeys, place, &prekey, bytes_blob(octets)));
    }
    prekeys->code = prekey_code_worse(prekeys->code, code);
    return HL_OK;
}

static int judge_all(struct relay *relay, struct pending_prekeys *prekeys,
                     const Hotline__V1__PrekeyPut *put)
{
    prekeys->code = PREKEY_KNOWN; /* the best there is */
    for (size_t i = 0; i < put->n_prekey; i++)
        TRY(judge_one(relay, prekeys, put->prekey[i]));
    return HL_OK;
}

static int put_all(struct relay *relay, struct session *session, const Hotline__V1__PrekeyPut *put)
{
    struct device *device = session->device;
    struct pending_prekeys *prekeys = NULL;
    int err;

    if (device->is_prekey_pending || relay->is_draining) {
        put_result(relay, session, put->req, PREKEY_BUSY);
        return HL_OK;
    }
    prekeys = calloc(1, sizeof(*prekeys));
    if (!prekeys)
        return HL_ENOMEM;
    prekeys->device = device;
    prekeys->session = session;
    prekeys->req = put->req;
    memcpy(prekeys->places, device->prekeys, sizeof(prekeys->places));
    err = judge_all(relay, prekeys, put);
    if (err == HL_OK && (prekeys->is_new[0] || prekeys->is_new[1])) {
        session->refs++;
        device->is_prekey_pending = true;
        batch_add_prekeys(&relay->batch, prekeys);
        return HL_OK;
    }
    if (err == HL_OK)
        put_result(relay, session, put->req, prekeys->code);
    pending_prekeys_free(prekeys);
    return err;
}

int handle_prekey_put(struct relay *relay, struct session *session, struct bytes body)
{
    Hotline__V1__PrekeyPut *put = NULL;
    int err;

    TRY(relay_parse(&hotline__v1__prekey_put__descriptor, body, &put));
    err = put_all(relay, session, put);
    hotline__v1__prekey_put__free_unpacked(put, NULL);
    return err;
}

/* --- PrekeyGet ------------------------------------------------------------------------------------------------------ */

/* Prekeys on their way into results. */
struct prekey_list {
    Hotline__V1__Signed **items;
    size_t count;
};

static void send_some(struct relay *relay, struct session *session, uint64_t req,
                      struct prekey_list *list, bool is_last)
{
    Hotline__V1__PrekeyResult result = HOTLINE__V1__PREKEY_RESULT__INIT;

    result.req = req;
    result.n_prekey = list->count;
    result.prekey = list->items;
    result.last = is_last;
    relay_send_message(relay, session, RECORD_PREKEY_RESULT, &result.base);
    for (size_t i = 0; i < list->count; i++)
        hotline__v1__signed__free_unpacked(list->items[i], NULL);
    list->count = 0;
}

static int add_device(struct relay *relay, struct session *session, uint64_t req,
                      const struct device_id *id, struct prekey_list *list)
{
    const struct device *device = devices_find(&relay->devices, id);

    if (list->count + DEVICE_PREKEYS > PREKEYS_A_RESULT)
        send_some(relay, session, req, list, false);
    for (size_t place = 0; device && place < DEVICE_PREKEYS; place++) {
        const struct blob *octets = device->prekeys[place].signed_prekey;

        if (!octets)
            continue;

        Hotline__V1__Signed *object = hotline__v1__signed__unpack(NULL, octets->len, octets->data);

        if (!object)
            return HL_ENOMEM;
        list->items[list->count++] = object;
    }
    return HL_OK;
}

static int add_desk(struct relay *relay, struct session *session, uint64_t req,
                    const Hotline__V1__Desk *desk, struct prekey_list *list)
{
    const struct entity *entity = trust_entity(relay->trust, desk->entity.data);

    if (!entity || !entity->roster)
        return HL_OK;
    for (size_t i = 0; i < entity->roster->cert_count; i++) {
        const struct cert *cert = &entity->roster->certs[i];
        struct device_id id;

        if (cert->kind != HOTLINE__V1__CERT_KIND__CERT_DEVICE ||
            !(cert->desks >> (unsigned)desk->kind & 1))
            continue;
        memcpy(id.entity, cert->entity, ID_BYTES);
        memcpy(id.id, cert->id, ID_BYTES);
        TRY(add_device(relay, session, req, &id, list));
    }
    return HL_OK;
}

/* A desk asked for again gives nothing more: or 10 KiB of question would have MiB of answer. */
static bool is_repeated(const Hotline__V1__PrekeyGet *get, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (get->desks[i]->kind == get->desks[at]->kind &&
            bytes_equal(view(get->desks[i]->entity), view(get->desks[at]->entity)))
            return true;
    }
    return false;
}

static int get_all(struct relay *relay, struct session *session, const Hotline__V1__PrekeyGet *get,
                   struct prekey_list *list)
{
    for (size_t i = 0; i < get->n_desks; i++) {
        if (!is_repeated(get, i))
            TRY(add_desk(relay, session, get->req, get->desks[i], list));
    }
    for (size_t i = 0; i < get->n_devices; i++) {
        struct device_id id;

        memcpy(id.entity, session->device->id.entity, ID_BYTES);
        memcpy(id.id, get->devices[i].data, ID_BYTES);
        TRY(add_device(relay, session, get->req, &id, list));
    }
    send_some(relay, session, get->req, list, true);
    return HL_OK;
}

int handle_prekey_get(struct relay *relay, struct session *session, struct bytes body)
{
    struct prekey_list list = {.count = 0};
    Hotline__V1__PrekeyGet *get = NULL;
    int err;

    TRY(relay_parse(&hotline__v1__prekey_get__descriptor, body, &get));
    list.items = calloc(PREKEYS_A_RESULT, sizeof(Hotline__V1__Signed *));
    err = list.items ? get_all(relay, session, get, &list) : HL_ENOMEM;
    for (size_t i = 0; i < list.count; i++)
        hotline__v1__signed__free_unpacked(list.items[i], NULL);
    free(list.items);
    hotline__v1__prekey_get__free_unpacked(get, NULL);
    return err;
}
