/* cli — what all commands of `hotline` share: global options, the opened desk, one error regime, first lines. */
#ifndef HOTLINE_CLIENT_CLI_H
#define HOTLINE_CLIENT_CLI_H

#include "base/buf.h"
#include "client/desk.h"
#include "client/form.h"
#include "client/profile.h"
#include "client/query.h"

/* docs/EXIT-CODES.md */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_NO = 1,
    EXIT_VERIFY = 10,
    EXIT_REVOKED = 11,
    EXIT_DEADLINE = 12,
    EXIT_REFUSED = 13,
    EXIT_USAGE = 64,
    EXIT_DATA = 65,
    EXIT_NO_INPUT = 66,
    EXIT_NO_RELAY = 69,
    EXIT_INTERNAL = 70,
    EXIT_CREATE = 73,
    EXIT_IO = 74,
    EXIT_BUSY = 75,
    EXIT_PERMISSION = 77,
    EXIT_CONFIG = 78
};

struct cli {
    const char *config; /* -c; NULL: the default */
    bool as_json, is_plain, is_quiet, is_verbose, no_input;
    struct profile *profile;
    struct trust *trust;
    struct identity *identity;
    struct desk *desk;
    bool first_line_is_out, error_is_out; /* the error: its object, with --json */
};

struct cli_command {
    const char *name;
    int (*run)(struct cli *cli, int argc,
               char **argv); /* argv[0] is the command; returns an exit code */
    const char *sentence;
    const char *usage; /* lines behind "usage: hotline " */
};
const struct cli_command *cli_commands(size_t *ret_count);
/* Print the usage of a command on stderr; returns EXIT_USAGE. */
int cli_usage(const char *command);

/* One line on stderr: what, where, what was not done, what to do; with --json also the error object on stdout. `code` is a
 * word for scripts. Returns `exit`. */
int cli_fail(struct cli *cli, enum exit_code exit, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for an error of ours about `what` ("notice L-…"): exit code and words by the error, desk_why() added. */
int cli_fail_err(struct cli *cli, int err, const char *what);
void cli_note(const struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text for people on stdout; the first line of a command under a sandbox namespace begins with SANDBOX. Outside text must be
 * visible already. */
void cli_print(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* All of `text` on stdout, or nothing when it is not whole (text->err). Returns an exit code, the message is out: a document that
 * is cut never comes with exit 0. */
HL_MUST_CHECK int cli_print_buf(struct cli *cli, const struct buf *text);

/* The end of the program: what was printed must have been written, and with --json wrong usage has its object too. Returns the exit
 * code. */
int cli_finish(struct cli *cli, int code);

/* Open configuration, documents, keys, desk. On failure the message is out and an exit code returned; 0: done. Once a command. */
int cli_open_profile(struct cli *cli);
int cli_open(struct cli *cli);
/* Unlock the officer's key for this command. The same returns. role_bit: the role it needs. */
int cli_unlock(struct cli *cli, uint32_t role_bit);
void cli_close(struct cli *cli);

/* Notice hash of argv's id, with the message out on failure (exit codes 1, 64). */
int cli_find(struct cli *cli, const char *id, uint8_t ret_hash[static HASH_BYTES]);

/* The same, and the notice itself, which the caller owns. */
int cli_notice(struct cli *cli, const char *id, uint8_t ret_hash[static HASH_BYTES],
               struct notice_view **ret_view);

/* Fill forms' faults out: one line each with line and key; exit 65. */
int cli_fail_form(struct cli *cli, const char *file, const struct form_faults *faults);

int cmd_draft(struct cli *cli, int argc, char **argv);
int cmd_show_form(struct cli *cli, int argc, char **argv);
int cmd_release(struct cli *cli, int argc, char **argv);
int cmd_return(struct cli *cli, int argc, char **argv);
int cmd_send(struct cli *cli, int argc, char **argv);
int cmd_reply(struct cli *cli, int argc, char **argv);
int cmd_list(struct cli *cli, int argc, char **argv);
int cmd_read(struct cli *cli, int argc, char **argv);
int cmd_ack(struct cli *cli, int argc, char **argv);
int cmd_refuse(struct cli *cli, int argc, char **argv);
int cmd_watch(struct cli *cli, int argc, char **argv);
int cmd_status(struct cli *cli, int argc, char **argv);
int cmd_evidence(struct cli *cli, int argc, char **argv);
int cmd_config(struct cli *cli, int argc, char **argv);
int cmd_version(struct cli *cli, int argc, char **argv);
int cmd_help(struct cli *cli, int argc, char **argv);

/* A positive number of at most 9 digits; 0 for anything else. */
long cli_count(const char *text);

#endif
