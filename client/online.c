/* online — one-shot use of the relays. */
#include "client/online.h"

#include <string.h>

#include "client/query.h"

#define CUSTODY_GRACE_MS 1500 /* for the second relay, once one has taken it */

int online_layer_parse(const char *word, enum online_layer *ret_layer)
{
    static const char *const words[] = {"custody", "delivered", "opened", "acknowledged",
                                        "answered"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(words[i], word) == 0) {
            *ret_layer = (enum online_layer)i;
            return HL_OK;
        }
    }
    return HL_ENOTFOUND;
}

static bool is_idle(void *context)
{
    return agents_are_idle(context) || agents_are_off_line(context);
}

/* Each relay that is not there, and why: an officer whose terminal is refused must not wait for a network. */
static void tell_down(const struct cli *cli, const struct agents *agents)
{
    struct agents_down down;

    for (size_t i = 0; i < desk_relay_count(cli->desk); i++) {
        if (agents_down(agents, i, &down))
            cli_note(cli, "relay %s: %s", down.relay, down.why);
    }
}

/* Error: of this desk, told by cli_note(). */
static int run_until_idle(struct cli *cli, int64_t timeout_ms, bool *ret_was_idle)
{
    struct agents *agents = NULL;

    *ret_was_idle = false;
    int err = agents_new(cli->desk, cli->profile, &agents);
    if (err == HL_OK) {
        *ret_was_idle = agents_run(agents, timeout_ms, is_idle, agents) && agents_are_idle(agents);
        err = agents_error(agents);
        if (!*ret_was_idle)
            tell_down(cli, agents);
        agents_free(agents);
    }
    if (err != HL_OK)
        cli_note(cli, "%s: %s; what the relays hold for this desk was not taken, and waits there",
                 cli->profile->database, err_text(err));
    return err;
}

void online_fetch(struct cli *cli, int64_t timeout_ms)
{
    bool was_idle = false;

    if (run_until_idle(cli, timeout_ms, &was_idle) == HL_OK && !was_idle)
        cli_note(
            cli,
            "no relay was reached or all were slow; what is shown is what this desk already holds");
}

bool online_flush(struct cli *cli, int64_t timeout_ms)
{
    struct desk_summary summary;
    bool was_idle = false;

    int err = run_until_idle(cli, timeout_ms, &was_idle);
    (void)err; /* it is told; what counts is what waits */
    return query_summary(cli->desk, &summary) == HL_OK && summary.outbox_waiting == 0;
}

/* Prekeys are fetched by each agent when its session begins, so being idle is having them. */
bool online_prekeys(struct cli *cli, int64_t timeout_ms)
{
    bool was_idle = false;

    return run_until_idle(cli, timeout_ms, &was_idle) == HL_OK && was_idle;
}

/* What online_wait() looks at on every turn of the loop. */
struct wait {
    struct cli *cli;
    struct agents *agents;
    const uint8_t *hash;
    enum online_layer layer;
    int64_t first_custody_ms;
    bool was_refused, has_custody;
};

static bool addressee_has(const struct addressee_view *addressee, enum online_layer layer)
{
    switch (layer) {
    case LAYER_CUSTODY: return true;
    case LAYER_DELIVERED:
        return addressee->delivered_ms != 0 || addressee->opened_ms != 0 ||
               addressee->acknowledged_ms != 0;
    case LAYER_OPENED: return addressee->opened_ms != 0 || addressee->acknowledged_ms != 0;
    case LAYER_ACKNOWLEDGED:
    case LAYER_ANSWERED: return addressee->acknowledged_ms != 0;
    }
    return false;
}

/* Custody at every relay, or at one and the others have had their grace. */
static bool custody_is_enough(struct wait *wait, const struct notice_view *view)
{
    int64_t now_ms = clock_mono_ms(desk_clock(wait->cli->desk));

    wait->has_custody = view->custody_count > 0;
    if (!wait->has_custody)
        return false;
    if (wait->first_custody_ms == 0)
        wait->first_custody_ms = now_ms;
    return view->custody_count >= desk_relay_count(wait->cli->desk) ||
           now_ms - wait->first_custody_ms > CUSTODY_GRACE_MS;
}

static bool has_reached(void *context)
{
    struct wait *wait = context;
    AUTO(notice_view) view = NULL;

    if (query_notice(wait->cli->desk, wait->hash, &view) != HL_OK)
        return false;
    bool all = custody_is_enough(wait, view);
    for (size_t i = 0; i < view->addressee_count; i++) {
        const struct addressee_view *addressee = &view->addressees[i];

        wait->was_refused = wait->was_refused || addressee->refused_ms != 0;
        if (addressee->is_action && !addressee_has(addressee, wait->layer))
            all = false;
    }
    return all || wait->was_refused;
}

int online_wait(struct cli *cli, const uint8_t hash[static HASH_BYTES], enum online_layer layer,
                int64_t timeout_ms)
{
    struct wait wait = {.cli = cli, .hash = hash, .layer = layer};

    if (agents_new(cli->desk, cli->profile, &wait.agents) != HL_OK)
        return cli_fail(cli, EXIT_INTERNAL, "internal",
                        "no event loop; the notice is kept in the outbox");
    bool was_reached = agents_run(wait.agents, timeout_ms, has_reached, &wait);
    int signal = agents_signal(wait.agents);
    if (!was_reached && signal == 0)
        tell_down(cli, wait.agents);
    agents_free(wait.agents);
    if (signal != 0)
        return 128 + signal;
    if (wait.was_refused && layer > LAYER_CUSTODY)
        return EXIT_REFUSED;
    if (was_reached)
        return EXIT_DONE;
    return wait.has_custody ? EXIT_DEADLINE : EXIT_NO_RELAY;
}
