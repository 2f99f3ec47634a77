/* server_parts — what a configuration names: documents and keys; read and checked before anything starts. */
#ifndef HOTLINE_DAEMON_SERVER_PARTS_H
#define HOTLINE_DAEMON_SERVER_PARTS_H

#include "daemon/config.h"
#include "keys/keyfile.h"

/* The relay's keys and documents, as a configuration names them. */
struct server_parts {
    struct trust *trust;           /* owned */
    struct key_secrets *secrets;   /* owned */
    const struct relay_info *info; /* of this relay in the trust */
};
/* Read and check all that a configuration names, but the store. ret_message: one line. Errors: HL_ECONFIG (relay not in the
 * directory, wrong keys), HL_EVERIFY, HL_ENOTFOUND, HL_EIO, HL_EPERM, HL_ENOMEM. */
#define SERVER_MESSAGE_SIZE 2400
HL_MUST_CHECK int server_parts_load(const struct config *config, struct server_parts *ret_parts,
                                    char ret_message[static SERVER_MESSAGE_SIZE]);
/* A roster that is refused does not put out the one in force: HL_EVERIFY and one line where a State would lose its roster,
 * because a document was left out. */
HL_MUST_CHECK int server_parts_keep_rosters(const struct trust *in_force,
                                            const struct server_parts *parts,
                                            char ret_message[static SERVER_MESSAGE_SIZE]);
void server_parts_done(struct server_parts *parts);

#endif
