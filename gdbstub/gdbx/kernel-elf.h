/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ELF files for gdb, made of what is known of the guest's kernel: symbols,
 * sections without content (code is read from the guest, which patches it) and
 * DWARF call frame information. Pure; little-endian x86.
 */
#ifndef GDBX_KERNEL_ELF_H
#define GDBX_KERNEL_ELF_H

#include "introspect/unwind.h"

typedef struct GdbxElf GdbxElf;

/*
 * @word: 4 or 8 bytes. @module: values are relative to their section, and gdb
 * is told where each section is; else everything is where it says.
 */
GdbxElf *gdbx_elf_new(unsigned word, bool module);
void gdbx_elf_free(GdbxElf *e);

/* Sections may not overlap. In a file they have the order they are added in. */
void gdbx_elf_section(GdbxElf *e, const char *name, uint64_t address,
                      uint64_t size, bool code);

/*
 * @type: the letter of nm(1). In the kernel's own order: of several names of
 * one address the first is the one that gdb shows. One that is in no section
 * is absolute, or of a module left out.
 */
void gdbx_elf_symbol(GdbxElf *e, const char *name, char type, uint64_t value);

/*
 * The file; unref it. @frames: a section .debug_frame, may be NULL.
 * @build_id: in hexadecimal, may be NULL.
 */
GBytes *gdbx_elf_finish(GdbxElf *e, const GByteArray *frames,
                        const char *build_id);

/* ---- kernel-cfi.c ---- */

typedef struct GdbxCfi GdbxCfi;

/* @base: of a module, the address of its .text; else 0. */
GdbxCfi *gdbx_cfi_new(unsigned word, uint64_t base);

/* Rows ascend. A @call: what is interrupted there is behind its instruction. */
void gdbx_cfi_row(GdbxCfi *c, const OsiUnwindRow *row, bool call);

/* Stacks end in [@from, @to). */
void gdbx_cfi_end_in(GdbxCfi *c, uint64_t from, uint64_t to);

/* The last row ends at @end. Contents of .debug_frame; frees @c; unref. */
GByteArray *gdbx_cfi_finish(GdbxCfi *c, uint64_t end);

#endif
