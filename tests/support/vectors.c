/* vectors — public test vectors as JSON. */
#include "tests/support/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void die(const char *what, const char *key)
{
    (void)fprintf(stderr, "vectors: %s: %s\n", what, key ? key : "(value)");
    abort();
}

json_t *vectors_load(const char *file)
{
    const char *folder = getenv("HOTLINE_VECTORS");
    char path[1024];
    json_error_t error;

    (void)snprintf(path, sizeof(path), "%s/%s", folder ? folder : "../shared/vectors", file);
    if (access(path, R_OK) != 0) {
        (void)printf("SKIPPED %s: set HOTLINE_VECTORS to the folder of public vectors\n", file);
        return NULL;
    }
    json_t *root = json_load_file(path, 0, &error);
    if (!root)
        die(error.text, path);
    return root;
}

struct blob *vectors_hex_value(const json_t *value)
{
    struct blob *blob = NULL;
    const char *text = json_string_value(value);

    if (!text || blob_new(strlen(text) / 2, &blob) != HL_OK ||
        hex_decode(text, blob->data, blob->len) != HL_OK)
        die("not hex", text);
    return blob;
}

struct blob *vectors_hex(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (!value)
        die("no such member", key);
    return vectors_hex_value(value);
}

void vectors_hex_into(const json_t *object, const char *key, uint8_t *ret_octets, size_t len)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (!text || hex_decode(text, ret_octets, len) != HL_OK)
        die("not hex of that length", key);
}

const char *vectors_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (!text)
        die("no such text", key);
    return text;
}

int64_t vectors_number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_integer(value))
        die("no such number", key);
    return json_integer_value(value);
}

bool vectors_bool(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_boolean(value))
        die("no such truth value", key);
    return json_is_true(value);
}
