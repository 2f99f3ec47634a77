/* Strictness that does not depend on libsodium's line: here the library's own check says yes to everything. Lines of the
 * library differ on crafted R; 1.0.22 refuses them by itself, so only this shows that our checks of R and A stand. */
#include "keys/suite.h"

#include <string.h>

#include <sodium.h>

#include "tests/support/cmocka_all.h"
#include "tests/support/vectors.h"

/* Takes the place of the library's function in this program. */
int crypto_sign_verify_detached(const unsigned char *sig, const unsigned char *message,
                                unsigned long long len, const unsigned char *pk)
{
    (void)sig;
    (void)message;
    (void)len;
    (void)pk;
    return 0;
}

/* Only S >= L is the library's to find. */
static void crafted_r_and_a_are_refused_even_if_the_library_accepts(void **unused)
{
    (void)unused;
    json_t *root = vectors_load("hotline/strict-ed25519.json");
    if (!root)
        skip();
    const json_t *cases = json_object_get(root, "cases");
    AUTO(blob) message = vectors_hex(root, "msg");
    size_t refused = 0;

    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i);
        const char *name = vectors_text(one, "name");
        bool is_ours = !vectors_bool(one, "ok") && strcmp(name, "S+L") != 0;
        AUTO(blob) sig = vectors_hex(one, "sig");
        uint8_t pk[SIGN_PK_BYTES];

        vectors_hex_into(one, "pk", pk, sizeof(pk));
        if (suite_real()->verify(pk, bytes_blob(message), bytes_blob(sig)) !=
            (is_ours ? HL_EVERIFY : HL_OK))
            fail_msg("%s", name);
        refused += is_ours;
    }
    assert_int_equal(refused, 9);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crafted_r_and_a_are_refused_even_if_the_library_accepts),
    };

    return cmocka_run_group_tests_name("suite_lenient", tests, NULL, NULL);
}
