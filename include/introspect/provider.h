/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one operating system has to know so that the rest of the house can ask
 * about it. guest.c is the only caller; Linux (introspect/linux.c) is the
 * first provider. To add an OS: fill one OsiProvider and list it in guest.c.
 *
 * Locking and hostility: as in guest.h. A provider never prints and never
 * keeps a pointer into an OsiCpu array; it may keep the OsiView pointer, whose
 * contents guest.c replaces at every stop.
 */
#ifndef INTROSPECT_PROVIDER_H
#define INTROSPECT_PROVIDER_H

#include "introspect/guest.h"

/* What a provider looks at: memory, and the registers of this stop. */
typedef struct OsiView {
    OsiMemory mem;
    const OsiCpu *cpus;     /* index in the array is not OsiCpu.index */
    size_t n_cpus;
} OsiView;

/* Receives one task; return false to end the walk. */
typedef bool (*OsiTaskFn)(void *opaque, const OsiTask *task);

typedef struct OsiProvider {
    const char *name;

    /*
     * Recognise the OS from scratch. NULL + OSI_ERR_NO_OS when it is not
     * there. The object lives until free(); @view outlives it.
     */
    void *(*detect)(const OsiView *view, OsiError *err);
    void (*free)(void *os);

    /*
     * The guest ran and stopped again: drop what may have changed and check
     * cheaply that the same kernel is still there (a reboot or kexec loads
     * another). False = gone; guest.c then frees and detects anew.
     */
    bool (*resume)(void *os, OsiError *err);

    /* "Linux 6.1.0-56-amd64"; owned by the object. */
    const char *(*release)(void *os);

    /* Append OsiFeature rows, one for each thing it can or cannot do. */
    void (*features)(void *os, GArray *rows);

    /*
     * All tasks, once each. A damaged list ends early and is reported as
     * true, with the reason kept for features(); false = nothing is known.
     */
    bool (*each_task)(void *os, OsiTaskFn fn, void *opaque, OsiError *err);

    /* The task that runs on @cpu, read afresh. */
    bool (*current)(void *os, const OsiCpu *cpu, OsiTask *task, OsiError *err);

    /* As osi_current_recipe(). */
    OsiCurrentRecipe *(*current_recipe)(void *os, OsiError *err);

    bool (*kernel_root)(void *os, OsiRoot *root, OsiError *err);
    uint64_t (*cr3_mask)(void *os);

    /* As their namesakes in guest.h. */
    bool (*saved_user_regs)(void *os, const OsiTask *t, OsiUserRegs *regs,
                            OsiError *err);
    char *(*exe_path)(void *os, const OsiTask *t, OsiError *err);
    char *(*command_line)(void *os, const OsiTask *t, OsiError *err);
    GByteArray *(*auxv)(void *os, const OsiTask *t, OsiError *err);

    bool (*symbol)(void *os, const char *name, uint64_t *value, OsiError *err);
    const char *(*symbol_at)(void *os, uint64_t addr, uint64_t *offset);
    bool (*each_symbol)(void *os, OsiSymbolFn fn, void *opaque, OsiError *err);
} OsiProvider;

extern const OsiProvider osi_linux_provider;

#endif
