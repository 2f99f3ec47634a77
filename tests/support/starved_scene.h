/* starved_scene — one duty of a relay played once for each allocation that fails, and what must hold afterwards. */
#ifndef HOTLINE_TESTS_SUPPORT_STARVED_SCENE_H
#define HOTLINE_TESTS_SUPPORT_STARVED_SCENE_H

#include "tests/support/starved.h"

#define SCENE_NEW    2 /* the letter that the scenes are about; 0 and 1 are there before */
#define SCENE_READER 1 /* line of XBB's first terminal */

/* One duty. `act` runs while an allocation fails: the one session that it hits may be closed, others not. */
struct scene {
    void (*before)(struct starved *starved);
    void (*act)(struct starved *starved);
};
/* Messages made before anything fails. */
struct scene_words {
    struct blob *subscribe, *taken, *scattered, *prekey_put, *prekey_get;
};
extern struct scene_words scene_words;
int scene_setup(void **state);
int scene_teardown(void **state);

/* Play it unharmed; with the 1st, 2nd, … allocation of `act` failing, until none is left; and with all failing from the 1st,
 * 2nd, … on. open_store as in starved_new().
 * Call it before the test owns anything. */
void scene_sweep(struct store *(*open_store)(bool is_new), const struct scene *scene);
/* The letter is taken exactly once, whatever became of it before. */
void scene_check_again(struct starved *starved);
/* What a device has not taken is still there whole, and is delivered on connecting anew. */
void scene_check_delivery(struct starved *starved, int state, int device);

/* Two letters in custody; the reader took the first one and looks on. */
void scene_begin(struct starved *starved);
/* More letters; all that have a slot took the second one, but the reader. */
void scene_begin_taking(struct starved *starved);
void scene_submit(struct starved *starved, size_t line, size_t no);
void scene_submit_new(struct starved *starved); /* line 0 */
void scene_take(struct starved *starved);       /* the reader, and it becomes durable */
void scene_take_scattered(struct starved *starved);
void scene_put_prekeys(struct starved *starved); /* the reader's */

#endif
