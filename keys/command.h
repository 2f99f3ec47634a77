/* command — the table of hotline-keys' commands and what they share: one line an error, exit codes, pass-phrases. */
#ifndef HOTLINE_KEYS_COMMAND_H
#define HOTLINE_KEYS_COMMAND_H

#include "keys/keyfile.h"

/* Exit codes, as for all three programs (docs/EXIT-CODES.md). */
enum exit_code {
    EXIT_DONE = 0,
    EXIT_NO = 1,
    EXIT_VERIFY = 10,
    EXIT_USAGE = 64,
    EXIT_DATA = 65,
    EXIT_NO_INPUT = 66,
    EXIT_INTERNAL = 70,
    EXIT_CREATE = 73,
    EXIT_IO = 74,
    EXIT_PERMISSION = 77
};

int cmd_generate(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_fingerprint(int argc, char **argv);
int cmd_sandbox(int argc, char **argv);

/* Print "hotline-keys: <message>" on stderr and return `code`. The message says what, where, what was not done, what to do. */
int command_fail(enum exit_code code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Exit code of an error that has no better one. */
enum exit_code command_code(int err);

/* The end of the program: what was printed must have been written. Returns the exit code. */
int command_finish(int code);

/* A pass-phrase from --passphrase-file, --passphrase-fd (-1: none) or, on a terminal, typed without echo (twice when is_new).
 * In secret memory of PASSPHRASE_MAX, NUL-terminated; the caller frees with secret_free(). EXIT_DONE, or the exit code:
 * then the message is out. */
HL_MUST_CHECK int command_passphrase(const char *file, int fd, bool is_new, char **ret_passphrase);

#endif
