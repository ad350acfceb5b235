/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layout from data: mappings and files; private to linux-guess*.c. */
#ifndef INTROSPECT_LINUX_GUESS_FILES_H
#define INTROSPECT_LINUX_GUESS_FILES_H

#include "linux-guess.h"
#include "linux-vma.h"

#define GUESS_PROGRAMS 24       /* processes that are looked at */

/* A process whose auxiliary vector and mappings fit one another. */
typedef struct GuessProgram {
    OsiTask t;                  /* mm and root only */
    uint64_t phdr, phent, phnum, entry, execfn, vdso;   /* AT_... */
    uint64_t pgoff;             /* page of the file that the code begins with */
    LinuxVma code, stack;       /* object and bounds */
    bool has_vdso;
    uint8_t code_bytes[256], head_bytes[256], stack_bytes[256],
            vdso_bytes[256];    /* their mappings; head: the program headers' */
    uint8_t mm_bytes[2048];
} GuessProgram;

/* Array of them, NULL when there are too few; unref it. */
GArray *guess_programs(Guess *g, OsiError *err);

/* vm_file, vm_pgoff, vm_flags, exe_file; others where they show. */
bool guess_vma_members(Guess *g, const GArray *all, OsiError *err);

/* Members of files, dentries and mounts, for paths. Needs exe_file. */
bool guess_path_members(Guess *g, const GArray *all, OsiError *err);

/* fs and its members, if it shows. */
void guess_fs(Guess *g);

/* linux-guess.c calls this: all, and says what can be asked. */
void guess_files(Guess *g);

#endif
