/* papers — a made federation's documents opened for alteration and signed again by whoever is entitled, so that a test can
 * break one rule and nothing else. Hashes between documents are made to fit unless the test says otherwise. */
#ifndef HOTLINE_TESTS_SUPPORT_PAPERS_H
#define HOTLINE_TESTS_SUPPORT_PAPERS_H

#include "keys/federation_make.h"

#define PAPERS_NOW_MS      1795000000000LL
#define PAPERS_STATES      3
#define PAPERS_CERTS       8
#define PAPERS_REVOCATIONS 4

/* Indices: States in the order of their entity ids; certificates: devices 0, 1, then officers 2, 3. */
struct papers {
    struct made_federation *made;
    Hotline__V1__RootMetadata *root;
    Hotline__V1__Directory *directory;
    Hotline__V1__Timestamp *timestamp;
    Hotline__V1__NationalRoot *national[PAPERS_STATES];
    Hotline__V1__NationalRoster *roster[PAPERS_STATES];
    Hotline__V1__Cert *certs[PAPERS_STATES][PAPERS_CERTS];
    size_t cert_count[PAPERS_STATES];
    struct blob *revocations[PAPERS_STATES][PAPERS_REVOCATIONS]; /* Signed */
    size_t revocation_count[PAPERS_STATES];

    size_t root_signers, directory_signers,
        timestamp_signers;                   /* how many of the role's keys sign */
    size_t national_signers, roster_signers; /* of State 0; of the others 2 */
    bool roster_key_signs_twice;             /* of State 0, besides another */
    bool directory_signs_timestamp;          /* keys of the wrong role */
    bool keeps_national_hash, keeps_directory_hash, keeps_roster_hash, keeps_tree;
    bool leaves_out;                           /* as trust_load() does */
    bool has_national_twice, has_roster_twice; /* State 0's document comes twice */
};
struct papers *papers_open(void);
void papers_close(struct papers *papers);
/* Sign and admit. ret_trust may be NULL. */
int papers_admit(const struct papers *papers, struct trust **ret_trust,
                 char ret_reason[static 160]);

/* Alterations that need more than an assignment. Octets are replaced whole; NULL makes the field absent. */
void papers_set(ProtobufCBinaryData *field, const uint8_t *octets, size_t len);
void papers_set_text(char **field, const char *text);
/* One more certificate in State `state`: a copy of `from`, with the next serial. */
Hotline__V1__Cert *papers_add_cert(struct papers *papers, size_t state,
                                   const Hotline__V1__Cert *from);
/* Give the certificate seed's key and its proof of possession. */
void papers_prove(Hotline__V1__Cert *cert, const uint8_t seed[static 32]);
/* The root was altered: give all documents the namespace that follows, and prove all keys in it. */
void papers_rename(struct papers *papers);
/* A revocation of certificate `cert` of State `state`, signed by `count` seeds. */
void papers_revoke(struct papers *papers, size_t state, const Hotline__V1__Revocation *revocation,
                   const uint8_t (*seeds)[32], size_t count);

#endif
