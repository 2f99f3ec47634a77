/* reservation — the fixed six-language text inside every acknowledgement. A changed letter is a new id. */
#include <string.h>

#include "base/buf.h"
#include "proto/receipt.h"

static const struct reservation_text texts[] = {
    {"en", "This acknowledgement confirms only that the notice was received and opened by the duty "
           "officer. It does not indicate "
           "agreement with its content, does not imply any responsibility of the recipient State, "
           "and is without prejudice to that "
           "State's position."},
    {"fr", "Le présent accusé de réception confirme uniquement que la notification a été reçue et "
           "ouverte par l'agent de permanence. Il "
           "ne vaut pas acceptation de son contenu, n'implique aucune responsabilité de l'État "
           "destinataire et est sans préjudice de la "
           "position de cet État."},
    {"es", "El presente acuse de recibo confirma únicamente que la notificación fue recibida y "
           "abierta por el funcionario de guardia. No "
           "supone conformidad con su contenido, no implica responsabilidad alguna del Estado "
           "destinatario y se entiende sin perjuicio "
           "de la posición de dicho Estado."},
    {"ru", "Настоящее подтверждение получения удостоверяет лишь то, что уведомление получено и "
           "открыто дежурным сотрудником. Оно не "
           "означает согласия с содержанием уведомления, не подразумевает какой-либо "
           "ответственности государства-получателя и не "
           "наносит ущерба позиции этого государства."},
    {"zh", "本回执仅确认值班人员已收到并打开该通报，不表示同意其内容，不意味着收件国承担任何责任，"
           "亦不影响收件国的立场。"},
    {"ar", "يقتصر هذا الإشعار بالاستلام على تأكيد أن الموظف المناوب قد تسلّم الإخطار وفتحه، ولا "
           "يعني الموافقة على مضمونه، ولا يرتّب أي "
           "مسؤولية على الدولة المتلقية، ولا يمسّ بموقفها."},
};

const struct reservation_text *reservation_texts(size_t *ret_count)
{
    *ret_count = sizeof(texts) / sizeof(texts[0]);
    return texts;
}

/* u32be id | for each language: lang | 0x00 | text | 0x00 */
int reservation_preimage(struct blob **ret_preimage)
{
    AUTO_BUF buf;

    buf_init(&buf, 8192);
    buf_add_u32be(&buf, RESERVATION_ID);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        buf_add(&buf, BYTES(texts[i].lang, strlen(texts[i].lang) + 1));
        buf_add(&buf, BYTES(texts[i].text, strlen(texts[i].text) + 1));
    }
    return buf_to_blob(&buf, ret_preimage);
}

/* Of the preimage of id 1; a test recomputes it. */
const uint8_t *reservation_hash(void)
{
    static const uint8_t hash[HASH_BYTES] = {0x0a, 0x1a, 0xd7, 0xe9, 0x6e, 0xda, 0x3b, 0x6c,
                                             0xf7, 0x03, 0x85, 0x07, 0x89, 0x30, 0xe6, 0x00,
                                             0x4e, 0x19, 0x1f, 0x6c, 0x9a, 0xcb, 0x48, 0x86,
                                             0x5a, 0xa7, 0x2d, 0x57, 0x99, 0x9c, 0x05, 0x37};

    return hash;
}
