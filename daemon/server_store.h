/* server_store — the store that a configuration names: opened for the server, or looked at for --check. */
#ifndef HOTLINE_DAEMON_SERVER_STORE_H
#define HOTLINE_DAEMON_SERVER_STORE_H

#include "daemon/server_parts.h"

/* "sqlite:PATH" or "memory:". Errors: HL_EINVAL, those of store_sqlite_open(). */
HL_MUST_CHECK int server_store_open(const char *text, struct store **ret_store);
/* What is wrong with it and what to do, in one line; returns the error that the program ends with: no store counts as a
 * damaged one (HL_EVERIFY). */
HL_MUST_CHECK int server_store_explain(const char *text, int err,
                                       char ret_message[static SERVER_MESSAGE_SIZE]);
/* The same into the log. */
HL_MUST_CHECK int server_store_tell(const char *text, int err);
/* --check: all that a start reads is read, nothing is written. The store of a running daemon is left alone: it read all of
 * it when it started. ret_message: one line. */
HL_MUST_CHECK int server_store_check(const struct config *config, const struct server_parts *parts,
                                     char ret_message[static SERVER_MESSAGE_SIZE]);

#endif
