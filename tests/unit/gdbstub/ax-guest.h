/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of agent expressions share. */
#ifndef GDBX_AX_GUEST_H
#define GDBX_AX_GUEST_H

#include "ax-asm.h"
#include "gdbstub/gdbx/ax.h"

/*
 * A guest of one page, four registers and trace state variable 1.  At BASE
 * there are -3 (32 bits), 0x11223344 and 0x80, at BASE + 0x100 a string, and
 * the page ends with letters and no NUL.
 */
#define BASE 0x1000

typedef struct Guest {
    uint8_t page[4096];
    uint64_t regs[4];
    int64_t variable;
    GString *printed;
    unsigned reads;
} Guest;

Guest *guest_new(void);
void guest_free(Guest *g);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Guest, guest_free)

/* All callbacks, onto G. */
GdbxAxEnv guest_env(Guest *g);

/* Assemble and verify. */
GdbxAx *build(const char *program, char **reason);

/* Append PROGRAM, assembled, TIMES times. */
void append_times(GByteArray *code, const char *program, unsigned times);

#endif
