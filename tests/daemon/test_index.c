/* test_index — the hash table under adding, finding and removing, against a plain array. */
#include "daemon/index.h"

#include "tests/support/cmocka_all.h"

#define ITEMS 500

static bool is_number(const void *items, uint32_t place, const void *key)
{
    return ((const uint32_t *)items)[place] == *(const uint32_t *)key;
}

/* Few distinct hashes: probing is what is tested. */
static uint64_t hash_of(uint32_t number)
{
    return number % 13 * 3;
}

static void what_was_added_is_found_until_it_is_removed(void **state)
{
    uint32_t numbers[ITEMS];
    bool is_there[ITEMS] = {false};
    struct index index;
    uint64_t random = 3;

    (void)state;
    index_init(&index);
    for (uint32_t i = 0; i < ITEMS; i++)
        numbers[i] = i;
    for (int round = 0; round < 5000; round++) {
        random = random * 6364136223846793005ULL + 1442695040888963407ULL;
        uint32_t number = (uint32_t)((random >> 33) % ITEMS);

        if (is_there[number])
            index_remove(&index, hash_of(number), number);
        else
            assert_int_equal(index_add(&index, hash_of(number), number), HL_OK);
        is_there[number] = !is_there[number];
        for (uint32_t i = number % 7; i < ITEMS; i += 7)
            assert_int_equal(index_find(&index, hash_of(i), is_number, numbers, &i),
                             is_there[i] ? i : INDEX_NONE);
    }
    index_done(&index);
}

static void empty_index_finds_and_removes_nothing(void **state)
{
    struct index index;
    uint32_t key = 1;

    (void)state;
    index_init(&index);
    assert_int_equal(index_find(&index, 1, is_number, &key, &key), INDEX_NONE);
    index_remove(&index, 1, 1);
    index_done(&index);
}

static void hash_depends_on_seed_and_every_octet(void **state)
{
    const uint8_t key[4] = {1, 2, 3, 4}, other[4] = {1, 2, 3, 5};

    (void)state;
    assert_true(index_hash(1, BYTES_OF(key)) != index_hash(2, BYTES_OF(key)));
    assert_true(index_hash(1, BYTES_OF(key)) != index_hash(1, BYTES_OF(other)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_found_until_it_is_removed),
        cmocka_unit_test(empty_index_finds_and_removes_nothing),
        cmocka_unit_test(hash_depends_on_seed_and_every_octet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
