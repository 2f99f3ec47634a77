/* trust_files — the federation's documents from a folder. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/keyfile.h"
#include "keys/trust.h"

#define DOCUMENT_MAX ((size_t)2 << 20)
#define STATES_MAX   400
#define NAME_SIZE    41

/* Documents read from a folder. */
struct folder {
    struct blob *single[3]; /* root, directory, timestamp */
    struct blob *national[STATES_MAX], *roster[STATES_MAX];
    size_t national_count, roster_count;
    char national_names[STATES_MAX][NAME_SIZE], roster_names[STATES_MAX][NAME_SIZE];
};

static void folder_free(struct folder *folder)
{
    if (!folder)
        return;
    for (size_t i = 0; i < 3; i++)
        blob_free(folder->single[i]);
    for (size_t i = 0; i < folder->national_count; i++)
        blob_free(folder->national[i]);
    for (size_t i = 0; i < folder->roster_count; i++)
        blob_free(folder->roster[i]);
    free(folder);
}
static inline void folder_drop(struct folder **folder)
{
    folder_free(*folder);
}

static int read_document(const char *path, const char *name, struct blob **ret_blob, char *reason)
{
    char full[4096];
    int len = snprintf(full, sizeof(full), "%s/%s", path, name);
    int err = len > 0 && (size_t)len < sizeof(full) ? file_read(full, DOCUMENT_MAX, ret_blob)
                                                    : HL_ETOOBIG;

    if (err != HL_OK)
        (void)snprintf(reason, 160, "%.100s in the federation folder: %s", name, err_text(err));
    return err;
}

static bool fits(const char *name, const char *prefix)
{
    size_t len = strlen(name);

    return strncmp(name, prefix, strlen(prefix)) == 0 && len > 4 &&
           strcmp(name + len - 4, ".bin") == 0;
}

/* A name is told: what cannot be shown becomes a question mark. */
static void copy_name(const char *name, char ret_name[static NAME_SIZE])
{
    size_t i = 0;

    for (; name[i] && i < NAME_SIZE - 1; i++)
        ret_name[i] = '?';
    for (size_t k = 0; k < i; k++) {
        if (name[k] > ' ' && name[k] <= '~')
            ret_name[k] = name[k];
    }
    ret_name[i] = '\0';
}

/* One that is too large to be a State's document is as an empty one: left out alone. */
static int add_state(const char *path, const char *name, struct blob **list, size_t *count,
                     char *reason)
{
    if (*count == STATES_MAX) {
        (void)snprintf(reason, 160, "more than %d States in the federation folder", STATES_MAX);
        return HL_ETOOBIG;
    }
    int err = read_document(path, name, &list[*count], reason);
    if (err == HL_ETOOBIG) {
        reason[0] = '\0';
        err = blob_new(0, &list[*count]);
    }
    TRY(err);
    (*count)++;
    return HL_OK;
}

static int read_named(const char *path, const char *name, struct folder *folder, char *reason)
{
    if (fits(name, "root-") && strcmp(name, "root-1.bin") != 0) {
        (void)snprintf(reason, 160, "root: only version 1 is understood, and a later one is there");
        return HL_EFORMAT;
    }
    if (fits(name, "national-")) {
        TRY(add_state(path, name, folder->national, &folder->national_count, reason));
        copy_name(name, folder->national_names[folder->national_count - 1]);
    }
    if (fits(name, "roster-")) {
        TRY(add_state(path, name, folder->roster, &folder->roster_count, reason));
        copy_name(name, folder->roster_names[folder->roster_count - 1]);
    }
    return HL_OK;
}

/* Unlike alphasort(), the same in every locale. */
static int order_names(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

/* Order of the folder does not matter but for keys in two rosters; sorted, the result is the same everywhere. */
static int read_states(const char *path, struct folder *folder, char *reason)
{
    struct dirent **names = NULL;
    int count = scandir(path, &names, NULL, order_names);
    int err = count >= 0 ? HL_OK : errno == ENOMEM ? HL_ENOMEM : HL_ENOTFOUND;

    if (count < 0)
        (void)snprintf(reason, 160, "the federation folder cannot be read: %s", err_text(err));
    for (int i = 0; i < count; i++) {
        if (err == HL_OK)
            err = read_named(path, names[i]->d_name, folder, reason);
        free(names[i]);
    }
    free(names);
    return err;
}

int trust_load(const struct suite *suite, const char *path, const uint8_t *pinned_ns,
               const uint8_t *pinned_root, struct trust **ret_trust, char ret_reason[static 160])
{
    AUTO(folder) folder = calloc(1, sizeof(*folder));
    struct bytes views[2 * STATES_MAX];
    const char *names[2 * STATES_MAX];

    if (!folder)
        return HL_ENOMEM;
    ret_reason[0] = '\0';
    TRY(read_document(path, "root-1.bin", &folder->single[0], ret_reason));
    TRY(read_document(path, "directory.bin", &folder->single[1], ret_reason));
    TRY(read_document(path, "timestamp.bin", &folder->single[2], ret_reason));
    TRY(read_states(path, folder, ret_reason));
    for (size_t i = 0; i < folder->national_count; i++) {
        views[i] = bytes_blob(folder->national[i]);
        names[i] = folder->national_names[i];
    }
    for (size_t i = 0; i < folder->roster_count; i++) {
        views[STATES_MAX + i] = bytes_blob(folder->roster[i]);
        names[STATES_MAX + i] = folder->roster_names[i];
    }
    const struct trust_documents documents = {
        .root = bytes_blob(folder->single[0]),
        .directory = bytes_blob(folder->single[1]),
        .timestamp = bytes_blob(folder->single[2]),
        .national_roots = views,
        .national_root_count = folder->national_count,
        .rosters = views + STATES_MAX,
        .roster_count = folder->roster_count,
        .leaves_out = true,
        .national_root_names = names,
        .roster_names = names + STATES_MAX,
    };
    return trust_admit(suite, &documents, pinned_ns, pinned_root, ret_trust, ret_reason);
}
