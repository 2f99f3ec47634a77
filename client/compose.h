/* compose — from the command line and a form to a Notice: shared by draft, send and reply. */
#ifndef HOTLINE_CLIENT_COMPOSE_H
#define HOTLINE_CLIENT_COMPOSE_H

#include "client/cli.h"

#define COMPOSE_SETS_MAX 64
struct compose {
    const char *to[32];
    size_t to_count;
    const char *info[32];
    size_t info_count;
    const char *sets[COMPOSE_SETS_MAX]; /* KEY=VALUE */
    size_t set_count;
    const char *type, *precedence, *subject, *tlp, *lang, *ack_by, *reply_by, *reply_to, *exercise,
        *single_person, *form;
    const char *edit, *wait, *confirm;
    bool is_single, is_dry_run; /* --single-person given; -n */
    long wait_s;                /* -W; 0: the default */
};
/* Options of draft, send, reply from argv[1] on. Errors: HL_EINVAL (the usage is out). */
HL_MUST_CHECK int compose_options(const char *command, int argc, char **argv,
                                  struct compose *ret_compose);
/* What is wrong whatever the form says: the reason of --single-person. Returns an exit code, the message is out. */
int compose_check(struct cli *cli, const struct compose *compose);
/* Read the form (file, - for stdin, or none), apply options, fill a Notice, check it against the rules. base: a notice to start
 * from (draft -e), or NULL. The caller owns *ret_notice. Returns an exit code, the message is out. */
int compose_notice(struct cli *cli, const struct compose *compose, const Hotline__V1__Notice *base,
                   Hotline__V1__Notice **ret_notice);

#endif
