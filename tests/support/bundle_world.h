/* bundle_world — evidence from a whole made federation: one notice of XAA, custody of two operators, receipts, and an exporter
 * who signs whatever records a test has put together. */
#ifndef HOTLINE_TESTS_SUPPORT_BUNDLE_WORLD_H
#define HOTLINE_TESTS_SUPPORT_BUNDLE_WORLD_H

#include "keys/federation_make.h"
#include "proto/custody_receipt.h"
#include "proto/evidence.h"
#include "tests/support/small_world.h"

#define BUNDLE_EXPORT_MS (WORLD_NOW_MS + 3600000) /* of a manifest */
#define BUNDLE_RELAYS    2                        /* of the operators op1 and op2 */

struct bundle_world {
    const struct suite *suite;
    struct made_federation *made;
    struct trust *trust;
    struct small_world
        *small; /* keys and prekeys: devices and officers 0 and 1 are those of the federation */
    struct letter letter;
    const void *kept
        [4 +
         2 * WORLD_STATES]; /* what locked memory points to, for leak checkers, which do not look there */
};
/* Ends the program on failure, as all of this file does. The letter is not sealed yet. */
struct bundle_world *bundle_world_new(const struct suite *suite);
void bundle_world_free(struct bundle_world *world);
const struct cert *bundle_device(const struct bundle_world *world, int state, int no);
const struct cert *bundle_officer(const struct bundle_world *world, int state, int no);

/* Records under construction; each owns its octets. */
struct records {
    struct {
        uint32_t type;
        struct blob *octets;
    } items[VERDICT_CLAIMS_MAX + 512];
    size_t count;
};
void records_done(struct records *records);
void records_add(struct records *records, enum bundle_record type, struct bytes octets);
void records_drop(struct records *records, size_t index);
size_t records_find(const struct records *records, enum bundle_record type, size_t nth);
/* Of a finished bundle, the manifest left out. */
void records_read(struct records *records, struct bytes bundle);
/* Manifest by device `key` of `cert`. The caller owns the bundle. */
struct blob *records_finish(const struct records *records, const struct suite *suite,
                            const struct cert *cert, const struct sign_key *key,
                            const uint8_t notice_hash[static HASH_BYTES]);

/* Documents and the certificates of all devices and officers of the three States; reservation texts. */
void bundle_add_trust(const struct bundle_world *world, struct records *records);
/* 10, 11, 12 of the letter as `state` gets it. */
void bundle_add_letter(const struct bundle_world *world, struct records *records, int state);
/* 13 of relay `relay`, cut to the lane of `state`. */
void bundle_add_custody(const struct bundle_world *world, struct records *records, int relay,
                        int state, int64_t received_ms);
/* A Signed receipt of device 0 (and officer 0) of `state` about the letter; edit may be NULL. */
struct blob *bundle_receipt(const struct bundle_world *world, int state,
                            Hotline__V1__ReceiptKind kind,
                            void (*edit)(Hotline__V1__Receipt *receipt));
void bundle_add_receipt(const struct bundle_world *world, struct records *records, int state,
                        Hotline__V1__ReceiptKind kind);
/* 10, 11 and, for each relay of the mask, 13 of the control envelope to XAA in which device 0 of `state` sent that receipt. */
void bundle_add_carrier(const struct bundle_world *world, struct records *records, int state,
                        const struct blob *receipt, unsigned relays, int64_t received_ms);
/* Finished and signed by XAA/1. */
struct blob *bundle_finish(const struct bundle_world *world, const struct records *records);

#endif
