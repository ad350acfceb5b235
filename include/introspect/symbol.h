/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernel symbols and modules. Rules: see guest.h. */
#ifndef INTROSPECT_SYMBOL_H
#define INTROSPECT_SYMBOL_H

#include "introspect/guest.h"

/* Kernel symbol by name; value as in /proc/kallsyms. */
bool osi_symbol(OsiGuest *g, const char *name, uint64_t *value, OsiError *err);

/*
 * Nearest symbol at or below @addr, of the kernel or of a module; name owned
 * by @g. @module (may be NULL) receives the module's name, NULL for the kernel
 * proper. NULL when there is none; in a module without symbols @module is set
 * all the same, and @offset counts from the module's base.
 */
const char *osi_symbol_in(OsiGuest *g, uint64_t addr, uint64_t *offset,
                          const char **module);

/* The same without the module. */
const char *osi_symbol_at(OsiGuest *g, uint64_t addr, uint64_t *offset);

/* Receives one kernel symbol; @type is the letter of nm(1). False = enough. */
typedef bool (*OsiSymbolFn)(void *opaque, const char *name, char type,
                            uint64_t value);

/* All symbols of the kernel proper, in the kernel's own order. */
bool osi_each_symbol(OsiGuest *g, OsiSymbolFn fn, void *opaque, OsiError *err);

typedef struct OsiModule {
    uint64_t object;        /* address of the OS's own structure */
    uint64_t base, size;    /* as in /proc/modules: base, bytes of all parts */
    int users;              /* reference count, -1 unknown */
    char state;             /* 'L'ive, 'C'oming, 'G'oing, 'U'nformed, '?' */
    char name[64];
} OsiModule;

/* In the kernel's own list order: the newest first. */
const OsiModule *osi_modules(OsiGuest *g, size_t *n, OsiError *err);

typedef struct OsiSection {
    uint64_t address;
    uint64_t size;          /* up to the next one, padding included; 0 unknown */
    char name[64];          /* ".text", ".init.text"... */
} OsiSection;

/* Sections of a module; array owned by @g. */
const OsiSection *osi_module_sections(OsiGuest *g, const OsiModule *m,
                                      size_t *n, OsiError *err);

bool osi_module_symbols(OsiGuest *g, const OsiModule *m, OsiSymbolFn fn,
                        void *opaque, OsiError *err);

#endif
