/* notice_json — a notice as JSON. */
#include "client/notice_json.h"

#include <stdio.h>
#include <string.h>

#include "client/form.h"
#include "client/json.h"

const char *plane_word(unsigned plane)
{
    const char *word = form_word(&hotline__v1__plane__descriptor, plane);

    return word ? word : "?";
}

const char *precedence_word(unsigned precedence)
{
    const char *word = form_word(&hotline__v1__precedence__descriptor, precedence);

    return word ? word : "?";
}

static const Hotline__V1__Text *main_text(const Hotline__V1__Notice *notice)
{
    for (size_t i = 0; i < notice->n_text; i++) {
        if (notice->text[i]->authoritative)
            return notice->text[i];
    }
    return NULL;
}

static void add_addresses(struct json *json, const struct trust *trust,
                          const Hotline__V1__Notice *notice, bool is_action)
{
    json_open(json, is_action ? "to" : "info", '[');
    for (size_t i = 0; notice && i < notice->n_to; i++) {
        struct desk_id desk = {.kind = (uint32_t)notice->to[i]->desk->kind};
        char text[9];

        if ((notice->to[i]->action != 0) != is_action)
            continue;
        memcpy(desk.entity, notice->to[i]->desk->entity.data, ID_BYTES);
        desk_format(trust, &desk, text);
        json_text(json, NULL, text);
    }
    json_close(json, ']');
}

/* One line "incident.category: INTRUSION" of a form. Addresses and plain fields have members of their own. */
static void add_field(struct json *json, struct bytes line)
{
    const uint8_t *colon = line.len ? memchr(line.data, ':', line.len) : NULL;
    size_t key_len = colon ? (size_t)(colon - line.data) : 0;
    char key[80];

    if (key_len == 0 || key_len >= sizeof(key) || key_len + 2 > line.len ||
        !memchr(line.data, '.', key_len))
        return;
    (void)snprintf(key, sizeof(key), "%.*s", (int)key_len, (const char *)line.data);
    json_octets(json, key, BYTES(colon + 2, line.len - key_len - 2));
}

/* The body's fields by their form keys: the lines that form_write() makes, to the empty line. */
static void add_fields(struct json *json, const struct trust *trust,
                       const Hotline__V1__Notice *notice)
{
    AUTO_BUF form;

    buf_init(&form, (size_t)2 * FORM_BYTES_MAX);
    json_open(json, "fields", '{');
    int err = notice ? form_write(trust, notice, &form) : HL_ENOTFOUND;
    bool is_written = err == HL_OK;
    if (err == HL_ENOMEM && json->to->err == HL_OK)
        json->to->err = err; /* a document without its fields is not this notice */
    struct bytes rest = is_written ? buf_bytes(&form) : BYTES(NULL, 0);
    while (rest.len > 0 && rest.data[0] != '\n') {
        const uint8_t *stop = memchr(rest.data, '\n', rest.len);
        size_t len = stop ? (size_t)(stop - rest.data) : rest.len;
        size_t taken = stop ? len + 1 : len;

        add_field(json, BYTES(rest.data, len));
        rest = BYTES(rest.data + taken, rest.len - taken);
    }
    json_close(json, '}');
}

static void add_releases(struct json *json, const struct notice_view *view)
{
    json_open(json, "releasers", '[');
    for (size_t i = 0; i < view->release_count; i++)
        json_hex(json, NULL,
                 BYTES(view->releases[i]->releaser.data, view->releases[i]->releaser.len));
    json_close(json, ']');
    json_open(json, "releases", '[');
    for (size_t i = 0; i < view->release_count; i++) {
        const Hotline__V1__Release *release = view->releases[i];

        json_open(json, NULL, '{');
        json_hex(json, "by", BYTES(release->releaser.data, release->releaser.len));
        json_hex(json, "device",
                 BYTES(release->releaser_device.data, release->releaser_device.len));
        json_time(json, "at", release->released_ms);
        json_time(json, "not_after", release->not_after_ms);
        json_bool(json, "single_person", release->single_person);
        json_text(json, "reason", release->reason[0] ? release->reason : NULL);
        json_close(json, '}');
    }
    json_close(json, ']');
}

const char *disposition_name(uint32_t disposition)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
        &hotline__v1__disposition__descriptor, (int)disposition);

    return disposition != 0 && value ? value->name : NULL;
}

static void add_addressee(struct json *json, const struct notice_view *view,
                          const struct addressee_view *addressee)
{
    json_open(json, NULL, '{');
    json_text(json, "address", addressee->address);
    json_bool(json, "action", addressee->is_action);
    json_text(json, "status", addressee->status);
    json_text(json, "serial", addressee->serial[0] ? addressee->serial : NULL);
    json_open(json, "custody", '[');
    for (size_t i = 0; i < view->custody_count; i++) {
        json_open(json, NULL, '{');
        json_text(json, "relay", view->custody[i].relay);
        json_time(json, "at", view->custody[i].received_ms);
        json_close(json, '}');
    }
    json_close(json, ']');
    json_open(json, "terminals", '{');
    json_number(json, "sealed", addressee->terminals_sealed);
    json_number(json, "delivered", addressee->terminals_delivered);
    json_close(json, '}');
    json_time(json, "delivered", addressee->delivered_ms);
    json_time(json, "opened", addressee->opened_ms);
    json_time(json, "acknowledged", addressee->acknowledged_ms);
    json_text(json, "acknowledged_by",
              addressee->acknowledged_by[0] ? addressee->acknowledged_by : NULL);
    if (addressee->reservation)
        json_number(json, "reservation", addressee->reservation);
    else
        json_null(json, "reservation");
    json_time(json, "refused", addressee->refused_ms);
    json_text(json, "refused_reason",
              form_word(&hotline__v1__reason__descriptor, addressee->refused_reason));
    json_text(json, "nondelivered",
              form_word(&hotline__v1__reason__descriptor, addressee->nondelivered));
    json_text(json, "disposition", disposition_name(addressee->disposition));
    json_number(json, "late_ms", addressee->late_ms);
    json_close(json, '}');
}

static void add_flags(struct json *json, const struct notice_view *view)
{
    json_open(json, "flags", '[');
    for (unsigned bit = 0; bit < NOTICE_FLAG_COUNT; bit++) {
        if (view->flags & 1U << bit)
            json_text(json, NULL, notice_flag_name(bit));
    }
    json_close(json, ']');
}

static void add_identity(struct json *json, const struct trust *trust,
                         const struct notice_view *view)
{
    const Hotline__V1__Notice *notice = view->notice;

    json_text(json, "type", "notice");
    json_text(json, "id", view->id);
    json_hex(json, "hash", BYTES_OF(view->hash));
    json_text(json, "plane", plane_word(view->plane));
    json_text(json, "notice_type",
              notice ? form_word(&hotline__v1__notice_type__descriptor, (uint32_t)notice->type)
                     : NULL);
    json_text(json, "direction", view->direction == NOTICE_IN ? "in" : "out");
    json_text(json, "from", view->from_text);
    add_addresses(json, trust, notice, true);
    add_addresses(json, trust, notice, false);
    json_text(json, "precedence", precedence_word(view->precedence));
    json_text(json, "tlp",
              notice ? form_word(&hotline__v1__tlp__descriptor, (uint32_t)notice->tlp) : NULL);
    json_text(json, "subject", notice ? notice->subject : NULL);
}

void notice_json(struct buf *to, const struct trust *trust, const struct notice_view *view,
                 bool shows_check_word)
{
    const Hotline__V1__Notice *notice = view->notice;
    const Hotline__V1__Text *text = notice ? main_text(notice) : NULL;
    struct json json;

    json_begin(&json, to);
    add_identity(&json, trust, view);
    json_text(&json, "lang", text ? text->lang : NULL);
    json_text(&json, "text", text ? text->body : NULL);
    add_fields(&json, trust, notice);
    json_hex(&json, "drafter",
             notice ? BYTES(notice->author.data, notice->author.len) : BYTES(NULL, 0));
    json_hex(&json, "draft_device",
             notice ? BYTES(notice->draft_device.data, notice->draft_device.len) : BYTES(NULL, 0));
    json_number(&json, "persons", notice ? notice->persons : 0);
    add_releases(&json, view);
    json_time(&json, "released", view->released_ms);
    json_time(&json, "t0", view->t0_ms);
    json_text(&json, "t0_basis", view->t0_basis);
    json_time(&json, "ack_by", view->ack_due_ms);
    json_text(&json, "check_word", notice && shows_check_word ? notice->check_word : NULL);
    json_text(&json, "secrecy", view->is_weaker ? "weaker" : "normal");
    json_bool(&json, "verified", view->is_verified);
    add_flags(&json, view);
    json_open(&json, "addressees", '[');
    for (size_t i = 0; i < view->addressee_count; i++)
        add_addressee(&json, view, &view->addressees[i]);
    json_close(&json, ']');
    json_end(&json);
}
