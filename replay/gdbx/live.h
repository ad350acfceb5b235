/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a recording that is being made into its replay, in the same process.
 *
 * Locking: as with checkpoint.h, in the vCPU thread, but where said.
 */
#ifndef REPLAY_GDBX_LIVE_H
#define REPLAY_GDBX_LIVE_H

/*
 * The recording ends, and the machine replays: it has to become what it was at a
 * checkpoint next. False: the file could not be written; the machine is of no use
 * any more.
 */
bool live_ends(void);
/* Was this replay a recording first? Any thread. */
bool live_was(void);
/* It has come to its end and nobody is there to go back: the emulator ends. */
void live_over(void);

#endif
