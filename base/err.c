/* err — texts of the error codes. */
#include "base/err.h"

#include <stddef.h>

static const char *const texts[] = {
    [0] = "success",
    [-HL_EINVAL] = "value not allowed",
    [-HL_ENOMEM] = "out of memory or capacity",
    [-HL_ESTATE] = "not possible in this state",
    [-HL_EFORMAT] = "not in canonical form",
    [-HL_EVERIFY] = "verification failed",
    [-HL_ENOTFOUND] = "not found",
    [-HL_EEXIST] = "exists already",
    [-HL_EIO] = "input or output failed",
    [-HL_EBUSY] = "busy, try again",
    [-HL_EPERM] = "not permitted",
    [-HL_ETOOBIG] = "larger than its limit",
    [-HL_EREVOKED] = "key changed or revoked",
    [-HL_EEXPIRED] = "expired",
    [-HL_ECONFIG] = "configuration is wrong",
    [-HL_ECLOSED] = "connection closed by the peer",
    [-HL_EUNREADABLE] = "sealed to a key that is not here",
    [-HL_ENOSPACE] = "no disk space left",
    [-HL_EAMBIGUOUS] = "fits more than one",
};

const char *err_text(int err)
{
    size_t index = err > 0 ? sizeof(texts) : (size_t)-err;

    if (index >= sizeof(texts) / sizeof(texts[0]) || !texts[index])
        return "unknown error";
    return texts[index];
}
