/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks of a replay that can go back: what the guest writes to a disk behind
 * blkreplay stays in memory (sectors.h), and its image is not written. While
 * recording it is written, and what was there before is kept too.
 *
 * Locking: BQL; the replay mutex where a request is waited for.
 */
#ifndef REPLAY_GDBX_DISKS_H
#define REPLAY_GDBX_DISKS_H

#include "replay/gdbx/pages.h"

typedef struct DiskImages DiskImages;

/* From now on writes are kept. */
void disks_begin(void);
/*
 * NULL: all disks can be brought back; else which one cannot, and why. Valid
 * until the next call. Main thread.
 */
const char *disks_why_not(void);

/* Is a request on its way? */
bool disks_busy(void);
/*
 * Ends all requests that are on their way, as if the log had their ends here. The
 * machine is of no use then, until it becomes what it was at some other time.
 * False: one does not come to its end within some seconds.
 */
bool disks_settle(void);

/* The disks as they are. */
DiskImages *disks_take(void);
void disks_restore(const DiskImages *d);
void disks_free(DiskImages *d);
/* Memory of them all, in bytes. */
uint64_t disks_bytes(void);
/* Of what was written to each of them. */
void disks_hash(PagesTell *tell, void *opaque);
/* For a test: the next restore leaves a block as it is. */
void disks_fail_once(void);

#endif
