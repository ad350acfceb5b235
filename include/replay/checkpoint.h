/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The machine as it was at a moment of a recording or replay, in memory: its
 * devices in the form that migration has (which includes the place in the log,
 * the clocks, the instruction count), its RAM, and what was written to its disks.
 * Needs no disk image of its own.
 *
 * Locking: BQL and the replay mutex, no vCPU executes; the vCPU thread between
 * two slices of execution will do.
 */
#ifndef REPLAY_CHECKPOINT_H
#define REPLAY_CHECKPOINT_H

typedef struct Checkpoint {
    uint64_t icount;            /* instructions executed */
    int64_t timer_ns;           /* virtual time at which a timer is due, or -1 */
    struct PageImage *ram;
    struct DiskImages *disks;
    uint8_t *state;             /* of the devices */
    size_t size;                /* of it, in bytes */
    bool recorded;              /* made while recording */
} Checkpoint;

/*
 * Nothing is on its way that is neither in RAM nor in a device: no event waits
 * to be met in the log, no request to a disk is open, no timer is due.
 */
bool checkpoint_possible(void);
/* NULL: not possible now, @why says (a constant). */
Checkpoint *checkpoint_take(const char **why);
/*
 * Makes the machine what it was. False: a device did not accept its own state,
 * the machine is of no use any more.
 */
bool checkpoint_restore(const Checkpoint *c);
void checkpoint_free(Checkpoint *c);

/* All that was done since QEMU began; divide. Times in microseconds. */
typedef struct CheckpointCost {
    uint64_t taken, take_us, pages_copied;
    uint64_t restored, restore_us, pages_rewritten;
} CheckpointCost;

void checkpoint_cost(CheckpointCost *cost);

/* Memory of all checkpoints, in bytes. */
uint64_t checkpoint_bytes(void);
/*
 * Of registers, devices, RAM and disks as they are: the same at the same place of a
 * recording, however one got there. 0: the devices' state cannot be had.
 */
uint64_t checkpoint_hash(void);
/*
 * What goes into it, one by one: the map of memory and that of ports, a block of
 * RAM, a device. Locking as above.
 */
typedef void CheckpointPart(const char *name, unsigned instance, uint64_t hash,
                            void *opaque);
bool checkpoint_hash_parts(CheckpointPart *tell, void *opaque);
/*
 * The devices, by name, that were not what they had been after the last restore
 * of which that is so; NULL: none.
 */
const char *checkpoint_unfaithful(void);
/* For a test: the next restore forgets a page, or a block of a disk. */
void checkpoint_spoil(bool disk);
/* checkpoint_restore() is under way: code of RAM that is the same is kept. */
bool checkpoint_restoring(void);

#endif
