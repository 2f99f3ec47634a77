/* short_id — displayed ids as people type them. */
#include "client/short_id.h"

#include <ctype.h>
#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static char fold(char letter)
{
    char upper = (char)(unsigned char)toupper((unsigned char)letter);
    if (upper == 'O')
        return '0';
    if (upper == 'I' || upper == 'L')
        return '1';
    return upper;
}

int short_id_parse(const char *text, char ret_prefix[static NOTICE_ID_SIZE])
{
    char prefix[NOTICE_ID_SIZE] = {0};
    size_t len = strlen(text);
    if (len < 3 || len >= NOTICE_ID_SIZE || text[1] != '-')
        return HL_EINVAL;
    prefix[0] = (char)(unsigned char)toupper((unsigned char)text[0]);
    prefix[1] = '-';
    if (strchr("LETD", prefix[0]) == NULL)
        return HL_EINVAL;
    for (size_t i = 2; i < len; i++) {
        prefix[i] = fold(text[i]);
        if (strchr(alphabet, prefix[i]) == NULL)
            return HL_EINVAL;
    }
    memcpy(ret_prefix, prefix, NOTICE_ID_SIZE);
    return HL_OK;
}

void short_id_draft(const uint8_t notice_id[static ID_BYTES], char ret_id[static NOTICE_ID_SIZE])
{
    uint64_t bits = get_u64be(notice_id) >> 14; /* the first 50 */
    ret_id[0] = 'D';
    ret_id[1] = '-';
    for (int i = 0; i < 10; i++)
        ret_id[2 + i] = alphabet[(size_t)(bits >> (45 - 5 * i) & 31)];
    ret_id[NOTICE_ID_SIZE - 1] = '\0';
}
