/* possession — what a key signs to prove that its holder has it. */
#include "keys/possession.h"

#include <string.h>

void possession_body(const Hotline__V1__Cert *cert, uint8_t ret_body[static POSSESSION_BYTES])
{
    memset(ret_body, 0, POSSESSION_BYTES);
    memcpy(ret_body, cert->ns.data, NS_BYTES);
    memcpy(ret_body + 32, cert->entity.data, ID_BYTES);
    ret_body[48] = (uint8_t)cert->kind;
    memcpy(ret_body + 49, cert->sign_pk.data, 32);
    if (cert->noise_static.len == 32)
        memcpy(ret_body + 81, cert->noise_static.data, 32);
}
