/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions that are passed on to the provider of the guest's OS. */
#include <string.h>
#include "guest-private.h"

/* A question with a yes-or-no result, and one with a pointer. */
#define ASK(g, op, err, ...) \
    (OSI_CAN(g, op, err) && \
     ((g)->provider->op((g)->os, __VA_ARGS__, err) || cut(g, err)))
#define ASK_PTR(g, op, err, ...) \
    (OSI_CAN(g, op, err) \
     ? pointer(g, (g)->provider->op((g)->os, __VA_ARGS__, err), err) : NULL)

static bool cut(OsiGuest *g, OsiError *err)
{
    osi_asked(g, err);
    return false;
}

static void *pointer(OsiGuest *g, void *p, OsiError *err)
{
    if (!p) {
        osi_asked(g, err);
    }
    return p;
}

bool osi_kernel_root(OsiGuest *g, OsiRoot *root, OsiError *err)
{
    return ASK(g, kernel_root, err, root);
}

uint64_t osi_cr3_mask(OsiGuest *g)
{
    /* Without an OS the architecture's bits: no PCID, no LAM. */
    return osi_ask(g, NULL) ? g->provider->cr3_mask(g->os)
                            : 0x000ffffffffff000ull;
}

unsigned osi_word(OsiGuest *g)
{
    return osi_ask(g, NULL) ? g->provider->word(g->os) : 8;
}

OsiCurrentRecipe *osi_current_recipe(OsiGuest *g, OsiError *err)
{
    return OSI_CAN(g, current_recipe, err)
        ? pointer(g, g->provider->current_recipe(g->os, err), err) : NULL;
}

/* ---- tasks ---- */

bool osi_creds(OsiGuest *g, const OsiTask *t, OsiCreds *creds, OsiError *err)
{
    return ASK(g, creds, err, t, creds);
}

bool osi_namespaces(OsiGuest *g, const OsiTask *t, OsiNamespaces *ns,
                    OsiError *err)
{
    return ASK(g, namespaces, err, t, ns);
}

bool osi_task_numbers(OsiGuest *g, const OsiTask *t, OsiTaskNumbers *n,
                      OsiError *err)
{
    return ASK(g, task_numbers, err, t, n);
}

bool osi_extents(OsiGuest *g, const OsiTask *t, OsiExtents *e, OsiError *err)
{
    return ASK(g, extents, err, t, e);
}

bool osi_vma_usage(OsiGuest *g, const OsiTask *t, const OsiVma *vma,
                   size_t pages_max, OsiUsage *u, OsiError *err)
{
    return ASK(g, vma_usage, err, t, vma, pages_max, u);
}

char *osi_cgroup(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return ASK_PTR(g, cgroup, err, t);
}

/* ---- processes ---- */

char *osi_exe_path(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return ASK_PTR(g, exe_path, err, t);
}

uint64_t osi_exe_file(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return OSI_CAN(g, exe_file, err)
        ? g->provider->exe_file(g->os, t, err) : 0;
}

char *osi_command_line(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return ASK_PTR(g, command_line, err, t);
}

GByteArray *osi_auxv(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return ASK_PTR(g, auxv, err, t);
}

char *osi_cwd(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return ASK_PTR(g, cwd, err, t);
}

char *osi_root_path(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return ASK_PTR(g, root_path, err, t);
}

bool osi_file_size(OsiGuest *g, uint64_t file, uint64_t *size, OsiError *err)
{
    return ASK(g, file_size, err, file, size);
}

bool osi_file_read(OsiGuest *g, uint64_t file, uint64_t offset, void *buf,
                   size_t len, OsiError *err)
{
    return ASK(g, file_read, err, file, offset, buf, len);
}

/* ---- files ---- */

bool osi_file_lookup(OsiGuest *g, const OsiTask *t, const char *path,
                     bool follow, OsiInode *inode, OsiError *err)
{
    return ASK(g, file_lookup, err, t, path, follow, inode);
}

bool osi_file_inode(OsiGuest *g, uint64_t file, OsiInode *inode, OsiError *err)
{
    return ASK(g, file_inode, err, file, inode);
}

bool osi_inode_check(OsiGuest *g, const OsiInode *inode, OsiInode *now,
                     OsiError *err)
{
    return ASK(g, inode_check, err, inode, now);
}

bool osi_inode_read(OsiGuest *g, const OsiInode *inode, uint64_t offset,
                    void *buf, size_t len, size_t *got, OsiError *err)
{
    return ASK(g, inode_read, err, inode, offset, buf, len, got);
}

char *osi_inode_link(OsiGuest *g, const OsiInode *inode, OsiError *err)
{
    return ASK_PTR(g, inode_link, err, inode);
}

bool osi_tls_block(OsiGuest *g, const OsiTask *t, uint64_t tp,
                   uint64_t link_map, uint64_t *block, OsiError *err)
{
    return ASK(g, tls_block, err, t, tp, link_map, block);
}

/* ---- threads ---- */

bool osi_saved_user_regs(OsiGuest *g, const OsiTask *t, OsiUserRegs *regs,
                         OsiError *err)
{
    return ASK(g, saved_user_regs, err, t, regs);
}

bool osi_saved_user_place(OsiGuest *g, const OsiTask *t, size_t offset,
                          OsiPlace *place, OsiError *err)
{
    return ASK(g, saved_user_place, err, t, offset, place);
}

bool osi_saved_fpu(OsiGuest *g, const OsiTask *t, OsiFpu *fpu, OsiError *err)
{
    return ASK(g, saved_fpu, err, t, fpu);
}

bool osi_kernel_regs(OsiGuest *g, const OsiTask *t, OsiKernelRegs *regs,
                     OsiError *err)
{
    return ASK(g, kernel_regs, err, t, regs);
}

bool osi_kernel_stack(OsiGuest *g, const OsiTask *t, OsiFrame *frames,
                      size_t max, size_t *n, OsiError *err)
{
    OsiError why = { 0 };
    bool ok = OSI_CAN(g, kernel_stack, &why) &&
              g->provider->kernel_stack(g->os, t, frames, max, n, &why);

    if (why.kind) {
        osi_asked(g, &why);
    }
    if (err) {
        *err = why;
    }
    return ok;
}

bool osi_syscall(OsiGuest *g, const OsiTask *t, OsiSyscall *sc, OsiError *err)
{
    return ASK(g, syscall, err, t, sc);
}

/* ---- symbols ---- */

bool osi_symbol(OsiGuest *g, const char *name, uint64_t *value, OsiError *err)
{
    return ASK(g, symbol, err, name, value);
}

const char *osi_symbol_in(OsiGuest *g, uint64_t addr, uint64_t *offset,
                          const char **module)
{
    const char *name = NULL, *in = NULL;

    if (OSI_CAN(g, symbol_in, NULL)) {
        name = g->provider->symbol_in(g->os, addr, offset, &in);
    }
    if (module) {
        *module = in;
    }
    return name;
}

const char *osi_symbol_at(OsiGuest *g, uint64_t addr, uint64_t *offset)
{
    return osi_symbol_in(g, addr, offset, NULL);
}

bool osi_each_symbol(OsiGuest *g, OsiSymbolFn fn, void *opaque, OsiError *err)
{
    return ASK(g, each_symbol, err, fn, opaque);
}

bool osi_module_symbols(OsiGuest *g, const OsiModule *m, OsiSymbolFn fn,
                        void *opaque, OsiError *err)
{
    return ASK(g, module_symbols, err, m, fn, opaque);
}

/* ---- unwinding ---- */

bool osi_each_unwind(OsiGuest *g, const OsiModule *m, OsiUnwindFn fn,
                     void *opaque, OsiError *err)
{
    return ASK(g, each_unwind, err, m, fn, opaque);
}

bool osi_frame_pointers(OsiGuest *g)
{
    return OSI_CAN(g, frame_pointers, NULL) &&
           g->provider->frame_pointers(g->os);
}

const char *osi_build_id(OsiGuest *g)
{
    return OSI_CAN(g, build_id, NULL) ? g->provider->build_id(g->os) : NULL;
}

/* ---- events ---- */

static const char *const event_names[OSI_EVENT_KINDS] = {
    [OSI_EVENT_SWITCH] = "switch", [OSI_EVENT_EXEC] = "exec",
    [OSI_EVENT_FORK] = "fork", [OSI_EVENT_EXIT] = "exit",
    [OSI_EVENT_MODULE_LOAD] = "module-load",
    [OSI_EVENT_MODULE_UNLOAD] = "module-unload",
    [OSI_EVENT_SIGNAL] = "signal", [OSI_EVENT_PRINTK] = "printk",
};

const char *osi_event_name(OsiEventKind kind)
{
    return kind < OSI_EVENT_KINDS ? event_names[kind] : "?";
}

OsiEvents *osi_events_new(OsiGuest *g, unsigned kinds, OsiError *err)
{
    return ASK_PTR(g, events, err, kinds);
}

void osi_events_free(OsiEvents *e)
{
    if (e) {
        e->free(e);
    }
}

const OsiEventSite *osi_events_sites(const OsiEvents *e, size_t *n)
{
    *n = e->n_sites;
    return e->sites;
}

bool osi_event_why(const OsiEvents *e, OsiEventKind kind, OsiError *err)
{
    if (kind >= OSI_EVENT_KINDS || !e->why[kind].kind) {
        return false;
    }
    if (err) {
        *err = e->why[kind];
    }
    return true;
}

bool osi_event_at(const OsiEvents *e, const OsiEventSite *site,
                  const OsiMemory *mem, const OsiCpu *cpu, OsiEvent *ev,
                  OsiError *err)
{
    return e->at(e, site, mem, cpu, ev, err);
}
