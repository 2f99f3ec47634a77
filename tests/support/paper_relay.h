/* paper_relay — a relay in memory for tests of the desk: takes deposits, keeps lanes and its one tree, delivers, serves prekeys.
 * No quota, no disk, no Noise; it can be told to misbehave. */
#ifndef HOTLINE_TESTS_SUPPORT_PAPER_RELAY_H
#define HOTLINE_TESTS_SUPPORT_PAPER_RELAY_H

#include "keys/trust.h"

struct paper_relay;
struct paper_session;

struct paper_faults {
    bool refuses_submits;  /* code BUSY, retry 1 s */
    bool rejects_submits;  /* code UNKNOWN_DESK */
    bool breaks_custody;   /* signs another deposit hash */
    bool breaks_delivered; /* flips one bit of what it delivers */
    bool withholds;        /* delivers nothing */
    bool skips_lane;       /* counts two in a lane */
    int64_t clock_off_ms;
};

/* info's keys are made here from its name and written into *info. */
struct paper_relay *paper_relay_new(const struct suite *suite, const struct trust *trust,
                                    struct relay_info *info, const char *name,
                                    const char *operator_name);
/* A relay whose descriptor stands in the trust already. */
struct paper_relay *paper_relay_new_keyed(const struct suite *suite, const struct trust *trust,
                                          const struct relay_info *info,
                                          const uint8_t log_seed[static 32]);
void paper_relay_free(struct paper_relay *relay);
struct paper_faults *paper_relay_faults(struct paper_relay *relay);
size_t paper_relay_deposits(const struct paper_relay *relay);

/* A connection of one device; Welcome waits in it. */
struct paper_session *paper_session_new(struct paper_relay *relay, const struct cert *device,
                                        int64_t now_ms);
void paper_session_free(struct paper_session *session);
/* A record from the desk. Ends the program on what no desk may send. */
void paper_session_input(struct paper_session *session, unsigned type, struct bytes body,
                         int64_t now_ms);
/* The next record to the desk; the caller owns *ret_body. */
bool paper_session_output(struct paper_session *session, unsigned *ret_type,
                          struct blob **ret_body);
/* Deliver what other sessions brought. */
void paper_session_poll(struct paper_session *session);
/* Entries this device has Taken, rejects it has put. */
size_t paper_session_taken(const struct paper_session *session);
size_t paper_session_rejects(const struct paper_session *session);

#endif
