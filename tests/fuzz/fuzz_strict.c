/* fuzz_strict — arbitrary octets as any message of the schema: what strict_unpack() accepts packs to the same octets, and
 * its encoding alone is canonical too. The first octet chooses: bit 7 encoding rules only, bits 0..6 the message, counted
 * through the tables from wire.proto's down. */
#include <stdlib.h>

#include "proto/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static const ProtobufCMessageDescriptor *choose(size_t index)
{
    for (const struct strict_schema *schema = &schema_wire; schema; schema = schema->below) {
        if (index < schema->message_count)
            return schema->messages[index].descriptor;
        index -= schema->message_count;
    }
    return schema_wire.messages[0].descriptor;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ProtobufCMessage *message = NULL;
    struct strict_fault fault = {.what = NULL};
    AUTO(blob) packed = NULL;

    if (size == 0)
        return 0;
    const struct strict_schema *schema = data[0] & 0x80 ? NULL : &schema_wire;
    const ProtobufCMessageDescriptor *type = choose(data[0] & 0x7f);
    const struct bytes input = BYTES(data + 1, size - 1);

    int encoding = strict_check_encoding(type, schema, input, NULL);
    int err = strict_unpack(type, schema, input, &message, &fault);
    require(err == HL_OK || (err == HL_EFORMAT && fault.what != NULL && message == NULL));
    require(err != HL_OK || encoding == HL_OK);
    if (err != HL_OK)
        return 0;
    require(strict_pack(message, &packed) == HL_OK);
    require(bytes_equal(bytes_blob(packed), input));
    protobuf_c_message_free_unpacked(message, NULL);
    return 0;
}
