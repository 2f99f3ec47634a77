/* server_store — the store that a configuration names: opened for the server, or looked at for --check. */
#include "daemon/server_store.h"

#include <stdio.h>
#include <string.h>

#include "daemon/store_memory.h"
#include "daemon/store_sqlite.h"

#define SQLITE_PREFIX "sqlite:"

int server_store_open(const char *text, struct store **ret_store)
{
    if (strcmp(text, "memory:") == 0)
        return store_memory_new(ret_store);
    if (strncmp(text, SQLITE_PREFIX, strlen(SQLITE_PREFIX)) == 0)
        return store_sqlite_open(text + strlen(SQLITE_PREFIX), NULL, ret_store);
    return HL_EINVAL;
}

/* The relay's promises stand in its store. */
static const struct {
    int err;
    const char *what; /* NULL: the error's own words */
    const char *advice;
} advices[] = {
    {HL_EBUSY, NULL, "another hotlined has it: stop that one first"},
    {HL_ENOTFOUND, "there is no store, or an empty one",
     "bring it back from a copy: with an empty one this relay would deny every receipt it gave. "
     "A new relay, with keys of its own, is made by `hotlined init`"},
    {HL_EFORMAT, NULL,
     "it is no store of this version, or damaged: bring it back from a copy; an empty one "
     "breaks the promises of the old"},
    {HL_EVERIFY, NULL,
     "it is damaged: bring it back from a copy; an empty one breaks the promises of the old"},
};

int server_store_explain(const char *text, int err, char ret_message[static SERVER_MESSAGE_SIZE])
{
    const char *what = err_text(err);
    const char *advice = "look at the disk and at the file's mode";

    for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++) {
        if (advices[i].err != err)
            continue;
        what = advices[i].what ? advices[i].what : what;
        advice = advices[i].advice;
    }
    (void)snprintf(ret_message, SERVER_MESSAGE_SIZE, "%s: %s; nothing was started, %s", text, what,
                   advice);
    return err == HL_ENOTFOUND ? HL_EVERIFY : err;
}

int server_store_tell(const char *text, int err)
{
    char message[SERVER_MESSAGE_SIZE];

    err = server_store_explain(text, err, message);
    log_line(LOG_LEVEL_ERROR, "store", "%s", message);
    return err;
}

static int load(const struct server_parts *parts, struct store *store)
{
    AUTO(sign_key) log_key = NULL;
    AUTO(relay) relay = NULL;

    TRY(sign_key_new(suite_real(), parts->secrets->log_seed, &log_key));

    const struct relay_params params = {.suite = suite_real(),
                                        .clock = clock_system(),
                                        .rng = rng_system(),
                                        .trust = parts->trust,
                                        .relay_id = parts->info->id,
                                        .log_key = log_key,
                                        .store = store};

    return relay_new(&params, &relay);
}

int server_store_check(const struct config *config, const struct server_parts *parts,
                       char ret_message[static SERVER_MESSAGE_SIZE])
{
    const char *text = config->store;
    struct store *store = NULL;
    int err;

    if (strncmp(text, SQLITE_PREFIX, strlen(SQLITE_PREFIX)) != 0)
        return HL_OK; /* nothing of it is there before a start */
    err = store_sqlite_open_reading(text + strlen(SQLITE_PREFIX), &store);
    if (err == HL_ESTATE ||
        err == HL_EBUSY) /* not there yet; or a running relay has read it, and goes on */
        return HL_OK;
    if (err == HL_OK)
        err = load(parts, store);
    store_close(store);
    return err == HL_OK ? HL_OK : server_store_explain(text, err, ret_message);
}
