/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef REPLAY_GDBX_PACE_H
#define REPLAY_GDBX_PACE_H

/* From now on the main loop does not sleep while the log waits for it. Once. */
void pace_begin(void);

#endif
