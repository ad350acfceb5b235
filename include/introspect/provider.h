/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one operating system has to know so that the rest of the house can ask
 * about it. guest.c is the only caller; Linux (introspect/linux.c) is the
 * first provider. To add an OS: docs/adding-an-os.md.
 *
 * Locking and hostility: as in guest.h. A provider never prints and never
 * keeps a pointer into an OsiCpu array; it may keep the OsiView pointer, whose
 * contents guest.c replaces at every stop. Each operation but those marked
 * (needed) may be NULL: the question is then answered by OSI_ERR_UNSUPPORTED
 * with the provider's name. Lists are appended to the array given; guest.c
 * frees it, strings in its elements included, and drops what a failed call
 * appended. @t is never NULL.
 */
#ifndef INTROSPECT_PROVIDER_H
#define INTROSPECT_PROVIDER_H

#include "introspect/event.h"
#include "introspect/inode.h"
#include "introspect/process.h"
#include "introspect/symbol.h"
#include "introspect/thread.h"
#include "introspect/unwind.h"

/* What the user gave and allows; see guest.h. Owned by guest.c. */
typedef struct OsiProfile {
    unsigned engines;           /* OSI_ENGINE_... */
    const uint8_t *types;
    size_t types_len;
    const char *symbols;
    size_t symbols_len;
} OsiProfile;

/* What a provider looks at: memory, and the registers of this stop. */
typedef struct OsiView {
    OsiMemory mem;
    const OsiCpu *cpus;     /* index in the array is not OsiCpu.index */
    size_t n_cpus;
    OsiProfile profile;
} OsiView;

/* Receives one task; return false to end the walk. */
typedef bool (*OsiTaskFn)(void *opaque, const OsiTask *task);

typedef struct OsiProvider {
    const char *name;                                           /* (needed) */

    /*
     * Recognise the OS from scratch (needed). NULL + OSI_ERR_NO_OS when it is
     * not there. The object lives until free(); @view outlives it.
     */
    void *(*detect)(const OsiView *view, OsiError *err);
    void (*free)(void *os);                                     /* (needed) */

    /* Can a profile of the user's be read at all? Without any guest. */
    bool (*check_profile)(const OsiProfile *p, OsiError *err);

    /*
     * The guest ran and stopped again (needed): drop what may have changed and
     * check cheaply that the same kernel is still there (a reboot or kexec
     * loads another). False = gone; guest.c then frees and detects anew.
     */
    bool (*resume)(void *os, OsiError *err);

    /* "Linux 6.1.0-56-amd64"; owned by the object (needed). */
    const char *(*release)(void *os);

    /* Append OsiFeature rows, one for each thing it can or cannot do. */
    void (*features)(void *os, GArray *rows);

    /* ---- address spaces ---- */
    bool (*kernel_root)(void *os, OsiRoot *root, OsiError *err); /* (needed) */
    uint64_t (*cr3_mask)(void *os);                             /* (needed) */
    unsigned (*word)(void *os);                                 /* (needed) */

    /*
     * ---- tasks ----
     * All tasks, once each (needed). A damaged list ends early and is reported
     * as true, with the reason kept for features(); false = nothing is known.
     */
    bool (*each_task)(void *os, OsiTaskFn fn, void *opaque, OsiError *err);

    /* The task that runs on @cpu, read afresh (needed). */
    bool (*current)(void *os, const OsiCpu *cpu, OsiTask *task, OsiError *err);

    /* The rest is as the namesakes (osi_...) in the public headers. */
    OsiCurrentRecipe *(*current_recipe)(void *os, OsiError *err);
    bool (*creds)(void *os, const OsiTask *t, OsiCreds *c, OsiError *err);
    bool (*namespaces)(void *os, const OsiTask *t, OsiNamespaces *ns,
                       OsiError *err);
    bool (*task_numbers)(void *os, const OsiTask *t, OsiTaskNumbers *n,
                         OsiError *err);
    char *(*cgroup)(void *os, const OsiTask *t, OsiError *err);

    /* ---- processes; lists are of OsiVma, OsiLibrary, OsiFile ---- */
    bool (*vmas)(void *os, const OsiTask *t, GArray *out, OsiError *err);
    char *(*exe_path)(void *os, const OsiTask *t, OsiError *err);
    uint64_t (*exe_file)(void *os, const OsiTask *t, OsiError *err);
    char *(*command_line)(void *os, const OsiTask *t, OsiError *err);
    bool (*extents)(void *os, const OsiTask *t, OsiExtents *e, OsiError *err);
    bool (*vma_usage)(void *os, const OsiTask *t, const OsiVma *vma,
                      size_t pages_max, OsiUsage *u, OsiError *err);
    GByteArray *(*auxv)(void *os, const OsiTask *t, OsiError *err);
    bool (*libraries)(void *os, const OsiTask *t, GArray *out, OsiError *err);
    bool (*tls_block)(void *os, const OsiTask *t, uint64_t tp,
                      uint64_t link_map, uint64_t *block, OsiError *err);
    bool (*files)(void *os, const OsiTask *t, GArray *out, OsiError *err);
    char *(*cwd)(void *os, const OsiTask *t, OsiError *err);
    char *(*root_path)(void *os, const OsiTask *t, OsiError *err);
    bool (*file_size)(void *os, uint64_t file, uint64_t *size, OsiError *err);
    bool (*file_read)(void *os, uint64_t file, uint64_t offset, void *buf,
                      size_t len, OsiError *err);

    /* ---- files ---- */
    bool (*file_lookup)(void *os, const OsiTask *t, const char *path,
                        bool follow, OsiInode *inode, OsiError *err);
    bool (*file_inode)(void *os, uint64_t file, OsiInode *inode,
                       OsiError *err);
    bool (*inode_check)(void *os, const OsiInode *inode, OsiInode *now,
                        OsiError *err);
    bool (*inode_read)(void *os, const OsiInode *inode, uint64_t offset,
                       void *buf, size_t len, size_t *got, OsiError *err);
    char *(*inode_link)(void *os, const OsiInode *inode, OsiError *err);

    /*
     * A page of a process that its page tables do not map: what the process
     * would read there. @vma contains @va, which is a multiple of 4096.
     */
    bool (*absent_page)(void *os, const OsiTask *t, const OsiVma *vma,
                        uint64_t va, uint8_t page[4096], OsiError *err);

    /* ---- threads ---- */
    bool (*saved_user_regs)(void *os, const OsiTask *t, OsiUserRegs *regs,
                            OsiError *err);
    bool (*saved_user_place)(void *os, const OsiTask *t, size_t offset,
                             OsiPlace *place, OsiError *err);
    bool (*saved_fpu)(void *os, const OsiTask *t, OsiFpu *fpu, OsiError *err);
    bool (*kernel_regs)(void *os, const OsiTask *t, OsiKernelRegs *regs,
                        OsiError *err);
    bool (*kernel_stack)(void *os, const OsiTask *t, OsiFrame *frames,
                         size_t max, size_t *n, OsiError *err);
    bool (*syscall)(void *os, const OsiTask *t, OsiSyscall *sc, OsiError *err);

    /* ---- symbols; lists are of OsiModule, OsiSection ---- */
    bool (*symbol)(void *os, const char *name, uint64_t *value, OsiError *err);
    const char *(*symbol_in)(void *os, uint64_t addr, uint64_t *offset,
                             const char **module);
    bool (*each_symbol)(void *os, OsiSymbolFn fn, void *opaque, OsiError *err);
    bool (*modules)(void *os, GArray *out, OsiError *err);
    bool (*module_sections)(void *os, const OsiModule *m, GArray *out,
                            OsiError *err);
    bool (*module_symbols)(void *os, const OsiModule *m, OsiSymbolFn fn,
                           void *opaque, OsiError *err);

    /* ---- unwinding of the kernel's code ---- */
    bool (*each_unwind)(void *os, const OsiModule *m, OsiUnwindFn fn,
                        void *opaque, OsiError *err);
    bool (*frame_pointers)(void *os);
    const char *(*build_id)(void *os);

    /* ---- events ---- */
    OsiEvents *(*events)(void *os, unsigned kinds, OsiError *err);
} OsiProvider;

/*
 * What events() makes: the provider's own data behind this head. @at is
 * osi_event_at(): any number of threads at once. @free takes all of it.
 */
struct OsiEvents {
    bool (*at)(const OsiEvents *e, const OsiEventSite *site,
               const OsiMemory *mem, const OsiCpu *cpu, OsiEvent *ev,
               OsiError *err);
    void (*free)(OsiEvents *e);
    OsiError why[OSI_EVENT_KINDS];      /* kind OSI_OK: it has a site */
    OsiEventSite sites[2 * OSI_EVENT_KINDS];
    size_t n_sites;
};

extern const OsiProvider osi_linux_provider;

/* As osi_guest_new(), with these to try; they must outlive the guest. */
OsiGuest *osi_guest_new_with(const OsiMemory *mem,
                             const OsiProvider *const *providers, size_t n);

#endif
