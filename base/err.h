/* err — the one list of error codes; 0 is success, failures are negative. */
#ifndef HOTLINE_BASE_ERR_H
#define HOTLINE_BASE_ERR_H

enum hl_err {
    HL_OK = 0,
    HL_EINVAL = -1,       /* an argument or a value is not allowed */
    HL_ENOMEM = -2,       /* no memory, or a fixed capacity is full */
    HL_ESTATE = -3,       /* not possible in this state */
    HL_EFORMAT = -4,      /* bytes are not in canonical form, or break a range of the schema */
    HL_EVERIFY = -5,      /* a signature, hash, proof, tag or pass-phrase does not verify */
    HL_ENOTFOUND = -6,    /* no such object */
    HL_EEXIST = -7,       /* it is there already */
    HL_EIO = -8,          /* reading, writing or syncing failed */
    HL_EBUSY = -9,        /* busy or over quota; try again */
    HL_EPERM = -10,       /* not permitted: role, file mode, two-person rule */
    HL_ETOOBIG = -11,     /* larger than its limit */
    HL_EREVOKED = -12,    /* key revoked or changed */
    HL_EEXPIRED = -13,    /* a deadline or validity has passed */
    HL_ECONFIG = -14,     /* configuration is wrong */
    HL_ECLOSED = -15,     /* the peer ended the connection */
    HL_EUNREADABLE = -16, /* sealed to a key that is not here */
    HL_ENOSPACE = -17,    /* disk below its limit */
    HL_EAMBIGUOUS = -18   /* a prefix fits more than one object */
};

#define HL_MUST_CHECK __attribute__((warn_unused_result))

/* Return the error of `call` to our own caller, or go on. The only macro that hides a return. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        int try_err = (call);                                                                      \
        if (try_err != HL_OK)                                                                      \
            return try_err;                                                                        \
    } while (0)

/* One lower-case English phrase for a code; never NULL. */
const char *err_text(int err);

#endif
