/* mini_case — octets as a Mini, and what must come of them. */
#include "tests/support/cmocka_all.h"

#include <string.h>

#include "tests/support/mini_case.h"

struct blob *mini_octets(const char *hex)
{
    char digits[1024];
    size_t count = 0;
    struct blob *blob = NULL;

    for (; *hex; hex++) {
        if (*hex != ' ')
            digits[count++] = *hex;
        assert_true(count < sizeof(digits));
    }
    digits[count] = '\0';
    assert_int_equal(blob_new(count / 2, &blob), HL_OK);
    assert_int_equal(hex_decode(digits, blob->data, blob->len), HL_OK);
    return blob;
}

int mini_unpack(const struct strict_schema *schema, struct bytes input, struct strict_fault *fault)
{
    static ProtobufCMessage untouched;
    ProtobufCMessage *message = &untouched;
    AUTO(blob) packed = NULL;

    *fault = (struct strict_fault){.where = "", .what = NULL};
    int err = strict_unpack(&mini_descriptor, schema, input, &message, fault);
    if (err != HL_OK) {
        assert_ptr_equal(message, &untouched);
        assert_true(err != HL_EFORMAT || fault->what != NULL);
        return err;
    }
    assert_int_equal(strict_pack(message, &packed), HL_OK);
    assert_true(bytes_equal(bytes_blob(packed), input));
    protobuf_c_message_free_unpacked(message, NULL);
    return HL_OK;
}

void mini_expect(const struct strict_schema *schema, const struct mini_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct strict_fault fault;
        AUTO(blob) octets = mini_octets(cases[i].hex);
        int err = mini_unpack(schema, bytes_blob(octets), &fault);

        if ((err == HL_OK) != (cases[i].what == NULL))
            fail_msg("%s: %s %s", cases[i].hex, fault.where, fault.what ? fault.what : "accepted");
        if (cases[i].what) {
            assert_int_equal(err, HL_EFORMAT);
            assert_string_equal(fault.what, cases[i].what);
            assert_string_equal(fault.where, cases[i].where);
        }
        if (!schema)
            assert_int_equal(
                strict_check_encoding(&mini_descriptor, NULL, bytes_blob(octets), NULL), err);
    }
}
