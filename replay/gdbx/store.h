/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checkpoints that there are, by instruction count. When they take more
 * memory than they may, those go whose neighbours are nearest, weighed by how far
 * from the present they are. The first one stays.
 *
 * Locking: as with checkpoint.h.
 */
#ifndef REPLAY_GDBX_STORE_H
#define REPLAY_GDBX_STORE_H

#include "replay/checkpoint.h"
#include "replay/timeline.h"

/* Bytes; 0: a quarter of what the host has free. */
void store_budget(uint64_t bytes);
/* A checkpoint of now: if it is time for one (or @must), and there is none. */
void store_take(bool must);
/* The last one up to @icount; NULL: none. */
const Checkpoint *store_find(uint64_t icount);
void store_status(TimelineStatus *s);

#endif
