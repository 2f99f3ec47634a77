/* taken — the set of mailbox entries a device has. */
#include "daemon/taken.h"

#include <stdlib.h>
#include <string.h>

void taken_init(struct taken *taken)
{
    *taken = (struct taken){.upto = 0};
}

void taken_done(struct taken *taken)
{
    free(taken->also);
    taken_init(taken);
}

/* The first place whose number is at least `seq`. */
static size_t place_of(const struct taken *taken, uint64_t seq)
{
    size_t low = 0;
    size_t high = taken->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (taken->also[middle] < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool taken_has(const struct taken *taken, uint64_t seq)
{
    if (seq <= taken->upto)
        return true;

    size_t place = place_of(taken, seq);

    return place < taken->count && taken->also[place] == seq;
}

/* Numbers that upto has reached are no longer needed one by one. */
static void join(struct taken *taken)
{
    size_t gone = 0;

    while (gone < taken->count && taken->also[gone] <= taken->upto + 1) {
        if (taken->also[gone] == taken->upto + 1)
            taken->upto++;
        gone++;
    }
    taken->count -= gone;
    if (gone > 0 && taken->count > 0)
        memmove(taken->also, taken->also + gone, taken->count * sizeof(*taken->also));
}

void taken_raise(struct taken *taken, uint64_t seq)
{
    if (seq <= taken->upto)
        return;
    taken->upto = seq;
    join(taken);
}

static int reserve(struct taken *taken)
{
    if (taken->count < taken->size)
        return HL_OK;
    if (taken->count >= TAKEN_ALSO_MAX)
        return HL_EBUSY;

    size_t size = taken->size ? taken->size * 2 : 16;
    uint64_t *also = realloc(taken->also, size * sizeof(*also));

    if (!also)
        return HL_ENOMEM;
    taken->also = also;
    taken->size = size;
    return HL_OK;
}

int taken_add(struct taken *taken, uint64_t seq)
{
    if (taken_has(taken, seq))
        return HL_OK;
    if (seq == taken->upto + 1) {
        taken_raise(taken, seq);
        return HL_OK;
    }
    TRY(reserve(taken));

    size_t place = place_of(taken, seq);

    memmove(taken->also + place + 1, taken->also + place,
            (taken->count - place) * sizeof(*taken->also));
    taken->also[place] = seq;
    taken->count++;
    return HL_OK;
}
