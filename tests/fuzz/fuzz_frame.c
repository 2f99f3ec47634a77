/* fuzz_frame — a frame's plaintext and the Fragments in it: no crash, and what is accepted is what it says. */
#include <stdlib.h>

#include "proto/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool is_true)
{
    if (!is_true)
        abort();
}

static void read_record(struct assembly *assembly, const struct record *record, bool *ret_is_broken)
{
    bool is_whole = false;

    require(record->type != 0 && record->body.len <= FRAME_RECORD_MAX);
    if (record->type != RECORD_FRAGMENT || *ret_is_broken)
        return;
    *ret_is_broken = assembly_add(assembly, RECORD_TO_RELAY, record->body, &is_whole) != HL_OK;
    require(assembly->data.len <= assembly->total);
    if (!is_whole)
        return;
    require(assembly->data.len > FRAME_RECORD_MAX);
    require(assembly->data.len <= record_rule_of(assembly->type)->limit);
    assembly_reset(assembly);
}

/* The input is several plaintexts, each u16be length | octets, as a session's frames. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct assembly assembly;
    bool is_broken = false;

    assembly_init(&assembly);
    while (size >= 2) {
        size_t len = get_u16be(data);
        struct record record;

        data += 2;
        size -= 2;
        len = len < size ? len : size;
        struct bytes plain = BYTES(data, len);
        size_t used = 0;
        bool is_good = frame_check(plain) == HL_OK;
        while (is_good && frame_next(&plain, &record)) {
            used += FRAME_RECORD_HEADER + record.body.len;
            read_record(&assembly, &record, &is_broken);
        }
        require(!is_good || (used > 0 && used + plain.len == len));
        data += len;
        size -= len;
    }
    assembly_done(&assembly);
    return 0;
}
