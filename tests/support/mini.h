/* mini — one message with a field of every kind that the schema uses, for tests of base/strict, which knows no schema. Its
 * descriptor is written by hand, as protoc-c would for
 *
 *   enum Kind { KIND_UNSPECIFIED = 0; FIRST = 1; SECOND = 2; reserved 3; FOURTH = 4; }
 *   message Mini { uint32 number = 1; int64 at_ms = 2; uint64 big = 3; bool flag = 4; Kind kind = 5; string name = 6;
 *     bytes octets = 7; Mini inner = 8; repeated uint64 numbers = 9; repeated bytes hashes = 10; repeated Mini minis = 11;
 *     oneof choice { Mini left = 12; uint32 right = 13; } Kind open = 14; string lines = 15; repeated string names = 16;
 *     repeated Kind kinds = 18; } */
#ifndef HOTLINE_TESTS_SUPPORT_MINI_H
#define HOTLINE_TESTS_SUPPORT_MINI_H

#include "base/strict.h"

struct mini {
    ProtobufCMessage base;
    uint32_t number;
    int64_t at_ms;
    uint64_t big;
    protobuf_c_boolean flag;
    int32_t kind;
    char *name;
    ProtobufCBinaryData octets;
    struct mini *inner;
    size_t n_numbers;
    uint64_t *numbers;
    size_t n_hashes;
    ProtobufCBinaryData *hashes;
    size_t n_minis;
    struct mini **minis;
    int32_t open;
    char *lines;
    size_t n_names;
    char **names;
    size_t n_kinds;
    int32_t *kinds;
    uint32_t choice_case; /* 0, 12 or 13 */
    union {
        struct mini *left;
        uint32_t right;
    };
};

extern const ProtobufCMessageDescriptor mini_descriptor;
/* number 10..20 must; at_ms a time; big 0..2^63-1; kind 1..4; name 2..8; octets 4; numbers 5..300, 0..3; hashes 4, 0..2;
 * minis 0..2; open: any; lines 0..8, newlines allowed; names 1..4, 0..2; kinds 1..4, 0..3. */
extern const struct strict_schema mini_schema;

#endif
