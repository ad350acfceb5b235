/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program that a process runs, for the provider's own use. */
#ifndef INTROSPECT_LINUX_PROGRAM_H
#define INTROSPECT_LINUX_PROGRAM_H

#include "linux-user.h"

/* Good while the guest stands still. ELF: gabi, "Program Header". */
typedef struct LinuxProgram {
    LinuxUser u;
    unsigned word;              /* of the process: 4 or 8 */
    uint64_t phdr, phnum;
    bool biased;                /* bias is from PT_PHDR */
    uint64_t bias;              /* address - address in the file */
    uint64_t dynamic, dynamic_size;     /* 0: static */
    bool interp;
    bool tls;                   /* it has thread-local variables */
    uint64_t tls_size, tls_align;
} LinuxProgram;

/* Clear p->u with linux_user_clear() in either case. */
bool linux_program_read(LinuxProgram *p, Linux *lx, const OsiTask *t,
                        OsiError *err);

/* A word of the process. */
bool linux_program_word(LinuxProgram *p, uint64_t va, uint64_t *value,
                        OsiError *err);

/* Address of struct r_debug; OSI_ERR_NO_SUCH as for osi_libraries(). */
bool linux_program_debug(LinuxProgram *p, uint64_t *debug, OsiError *err);

/* Struct link_map at @map; @name may be NULL. */
bool linux_program_library(LinuxProgram *p, uint64_t map, OsiLibrary *row,
                           uint64_t *next, OsiError *err);

#endif
