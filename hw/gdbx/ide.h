/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A disk on an IDE bus has got a command, and the bus master has not been started
 * yet: what it does then is a pointer, which is in no state. Saving would make a
 * failed request of it, which is made again when the machine starts.
 *
 * Locking: BQL, no vCPU executes.
 */
#ifndef HW_GDBX_IDE_H
#define HW_GDBX_IDE_H

/* Does any wait so? Then the machine's state is not all of it. */
bool gdbx_ide_waits(void);
/* Around saving: so that it has no effect. */
void gdbx_ide_put_aside(void);
void gdbx_ide_put_back(void);
/* Before loading: what waits belongs to the state that goes away. */
void gdbx_ide_forget(void);

#endif
