/* fault_vfs — an SQLite VFS in front of the real one that fails the n-th operation, or loses power there. What was not synced
 * is kept in memory and lost with the power, or torn into sectors of which some arrived. */
#ifndef HOTLINE_TESTS_SUPPORT_FAULT_VFS_H
#define HOTLINE_TESTS_SUPPORT_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

#define FAULT_VFS "fault"

enum fault_kind {
    FAULT_NONE,
    FAULT_IOERR, /* the n-th operation fails, once */
    FAULT_FULL,  /* the n-th, if it writes, finds the disk full, once */
    FAULT_POWER, /* from the n-th on nothing works; unsynced writes are lost */
    FAULT_TORN   /* the same, and of unsynced writes some sectors arrived */
};

void fault_vfs_register(void);
/* Counting begins anew: writes, syncs, truncations, deletions. */
void fault_vfs_arm(enum fault_kind kind, unsigned n, uint64_t seed);
bool fault_vfs_has_fired(void);
unsigned fault_vfs_count(void);

#endif
