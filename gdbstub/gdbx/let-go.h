/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets while the guest runs and gdb waits for nothing; see let-go.c. */
#ifndef GDBX_LET_GO_H
#define GDBX_LET_GO_H

/* A byte from the client; true: nobody else may see it. */
bool gdbx_let_go_byte(uint8_t ch);

/* A reply was sent: if gdb holds no inferior after it, the guest runs on. */
void gdbx_let_go_if_nothing(void);

#endif
