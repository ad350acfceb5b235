/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Types of a forged kernel, written as text, laid out here as no real kernel
 * lays them out: so that nothing of them can be known but from the BTF that
 * forge_types_btf() makes of them.
 *
 *   "file{f_mode u32; f_pos u64; f_path path; f_inode ptr}"
 *   "task_struct:180{state@18 u32; comm@a8 u8[16]}"     hexadecimal places
 *   "list_head!{next ptr; prev ptr}"                    ! nothing in front
 *
 * Types: u8 u16 u32 u64, ptr (as large as the word), and structs said before.
 */
#ifndef FORGE_TYPES_H
#define FORGE_TYPES_H

#include "forge.h"

typedef struct ForgeTypes ForgeTypes;

/* @text: structs without separator, one after another. */
ForgeTypes *forge_types_new(unsigned word, const char *const *text, size_t n);
void forge_types_free(ForgeTypes *t);

/* Place and size of "a.b" in a struct; both abort the test when unknown. */
uint32_t forge_offset(const ForgeTypes *t, const char *name, const char *path);
uint32_t forge_size(const ForgeTypes *t, const char *name, const char *path);
uint32_t forge_struct_size(const ForgeTypes *t, const char *name);

/* With @fillers types more that nobody asks for. */
GByteArray *forge_types_btf(const ForgeTypes *t, int fillers);

#endif
