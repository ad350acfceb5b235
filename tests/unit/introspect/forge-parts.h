/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the forged kernel share: objects by names of members. */
#ifndef FORGE_PARTS_H
#define FORGE_PARTS_H

#include "forge-kernel.h"
#include "forge-types.h"

/* forge-structs.c */
ForgeTypes *forge_structs(const ForgeOptions *opt);

/* @bytes of zeros in the direct map; forge_object() aligns to pages. */
uint64_t forge_object(ForgeKernel *k, size_t bytes);
uint64_t forge_bytes(ForgeKernel *k, size_t bytes, size_t align);

/* A new struct @type. */
uint64_t forge_new_struct(ForgeKernel *k, const char *type);

/* Set a member, as many bytes as it has. */
void forge_set(ForgeKernel *k, uint64_t object, const char *type,
               const char *path, uint64_t value);
uint64_t forge_at_member(ForgeKernel *k, uint64_t object, const char *type,
                         const char *path);
uint64_t forge_text(ForgeKernel *k, const char *text);
void forge_poke(ForgeKernel *k, uint64_t va, uint64_t v);
uint64_t forge_peek(ForgeKernel *k, uint64_t va);

/* forge-files.c: into k->file[] */
void forge_files(ForgeKernel *k);
void forge_open(ForgeKernel *k, uint64_t task);     /* its table of files */

/* forge-mm.c */
uint64_t forge_mm(ForgeKernel *k, uint64_t exe, uint64_t pgd);

/* forge-cred.c */
void forge_rights(ForgeKernel *k, uint64_t task, int pid, int inside);

/* forge-thread.c: before the image is written, and after */
void forge_sleep(ForgeKernel *k, int who);
void forge_unwind_tables(ForgeKernel *k);

/* forge-module.c */
void forge_modules(ForgeKernel *k);

#endif
