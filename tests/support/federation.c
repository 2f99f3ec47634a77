/* federation — the vectors' sandbox federation. */
#include "tests/support/federation.h"

#include <stdlib.h>
#include <string.h>

static struct blob *document_at(const json_t *documents, const char *key, size_t index)
{
    return vectors_hex_value(json_array_get(json_object_get(documents, key), index));
}

int federation_admit(const struct federation *federation, const char *replaced,
                     struct bytes document, struct trust **ret_trust, char ret_reason[static 160])
{
    struct bytes national[3];
    struct bytes rosters[3];

    for (size_t i = 0; i < 3; i++) {
        national[i] = bytes_blob(federation->national[i]);
        rosters[i] = bytes_blob(federation->roster[i]);
    }
    struct trust_documents documents = {.root = bytes_blob(federation->root),
                                        .directory = bytes_blob(federation->directory),
                                        .timestamp = bytes_blob(federation->timestamp),
                                        .national_roots = national,
                                        .national_root_count = 3,
                                        .rosters = rosters,
                                        .roster_count = 3};
    if (strcmp(replaced, "root") == 0)
        documents.root = document;
    if (strcmp(replaced, "directory") == 0)
        documents.directory = document;
    if (strcmp(replaced, "timestamp") == 0)
        documents.timestamp = document;
    if (strcmp(replaced, "national_roots") == 0)
        national[0] = document;
    if (strcmp(replaced, "rosters") == 0)
        rosters[0] = document;
    return trust_admit(suite_real(), &documents, NULL, NULL, ret_trust, ret_reason);
}

bool federation_load(struct federation *ret_federation)
{
    char reason[160];

    *ret_federation = (struct federation){.json = vectors_load("hotline/federation.json")};
    if (!ret_federation->json)
        return false;
    const json_t *documents = json_object_get(ret_federation->json, "documents");
    ret_federation->root = vectors_hex(documents, "root");
    ret_federation->directory = vectors_hex(documents, "directory");
    ret_federation->timestamp = vectors_hex(documents, "timestamp");
    for (size_t i = 0; i < 3; i++) {
        ret_federation->national[i] = document_at(documents, "national_roots", i);
        ret_federation->roster[i] = document_at(documents, "rosters", i);
    }
    if (federation_admit(ret_federation, "", BYTES(NULL, 0), &ret_federation->trust, reason) !=
        HL_OK)
        abort(); /* test_trust says why */
    return true;
}

void federation_done(struct federation *federation)
{
    trust_free(federation->trust);
    blob_free(federation->root);
    blob_free(federation->directory);
    blob_free(federation->timestamp);
    for (size_t i = 0; i < 3; i++) {
        blob_free(federation->national[i]);
        blob_free(federation->roster[i]);
    }
    json_decref(federation->json);
}

const json_t *federation_state(const struct federation *federation, const char *code)
{
    const json_t *states = json_object_get(federation->json, "states");

    for (size_t i = 0; i < json_array_size(states); i++) {
        if (strcmp(vectors_text(json_array_get(states, i), "code"), code) == 0)
            return json_array_get(states, i);
    }
    abort();
}

static struct sign_key *key_at(const struct federation *federation, const char *code,
                               const char *list, size_t index)
{
    uint8_t seed[32];
    struct sign_key *key = NULL;

    vectors_hex_into(
        json_array_get(json_object_get(federation_state(federation, code), list), index), "seed",
        seed, 32);
    if (sign_key_new(suite_real(), seed, &key) != HL_OK)
        abort();
    return key;
}

struct sign_key *federation_device(const struct federation *federation, const char *code,
                                   size_t index)
{
    return key_at(federation, code, "devices", index);
}

struct sign_key *federation_officer(const struct federation *federation, const char *code,
                                    size_t index)
{
    return key_at(federation, code, "officers", index);
}
