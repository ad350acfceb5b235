/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The front of the room: asks the provider of the guest's OS and keeps its
 * answers until the guest runs again. What an OS looks like is not known here.
 */
#include <string.h>
#include "introspect/guest.h"
#include "introspect/provider.h"

static const OsiProvider *const providers[] = {
    &osi_linux_provider,
};

struct OsiGuest {
    OsiView view;
    OsiCpu *cpus;                   /* what view.cpus points at */
    const OsiProvider *provider;    /* NULL: no OS recognised */
    void *os;

    /* Since the last stop. */
    bool asked;                     /* detection was tried */
    OsiError no_os;                 /* what it said */
    bool walked;
    OsiError no_tasks;
    GArray *tasks;                  /* OsiTask */
    GHashTable *by_pid;             /* pid -> index in tasks + 1 */
    GArray *features;               /* OsiFeature, NULL unread */
    OsiTask *current;               /* one for each CPU; object 0 = unread */
};

OsiGuest *osi_guest_new(const OsiMemory *mem)
{
    OsiGuest *g = g_new0(OsiGuest, 1);

    g->view.mem = *mem;
    g->tasks = g_array_new(false, false, sizeof(OsiTask));
    g->by_pid = g_hash_table_new(NULL, NULL);
    return g;
}

static void forget_os(OsiGuest *g)
{
    if (g->provider) {
        g->provider->free(g->os);
    }
    g->provider = NULL;
    g->os = NULL;
}

void osi_guest_free(OsiGuest *g)
{
    if (!g) {
        return;
    }
    forget_os(g);
    g_array_unref(g->tasks);
    g_hash_table_unref(g->by_pid);
    g_clear_pointer(&g->features, g_array_unref);
    g_free(g->cpus);
    g_free(g->current);
    g_free(g);
}

void osi_guest_stopped(OsiGuest *g, const OsiCpu *cpus, size_t n)
{
    if (n != g->view.n_cpus) {
        g->cpus = g_renew(OsiCpu, g->cpus, n);
        g->current = g_renew(OsiTask, g->current, n);
    }
    if (n) {
        memcpy(g->cpus, cpus, n * sizeof(*cpus));
        memset(g->current, 0, n * sizeof(*g->current));
    }
    g->view.cpus = g->cpus;
    g->view.n_cpus = n;
    g->asked = g->walked = false;
    g_clear_pointer(&g->features, g_array_unref);
}

static void detect(OsiGuest *g)
{
    g->asked = true;
    if (g->provider && g->provider->resume(g->os, NULL)) {
        return;
    }
    forget_os(g);
    osi_fail(&g->no_os, OSI_ERR_NO_OS, 0, "no vCPU to look at");
    for (size_t i = 0; g->view.n_cpus && i < G_N_ELEMENTS(providers); i++) {
        g->os = providers[i]->detect(&g->view, &g->no_os);
        if (g->os) {
            g->provider = providers[i];
            return;
        }
    }
}

bool osi_guest_detect(OsiGuest *g, OsiError *err)
{
    if (!g->asked) {
        detect(g);
    }
    if (!g->provider && err) {
        *err = g->no_os;
    }
    return g->provider != NULL;
}

const char *osi_guest_name(OsiGuest *g)
{
    return osi_guest_detect(g, NULL) ? g->provider->release(g->os) : NULL;
}

/* ---- tasks ---- */

static bool add_task(void *opaque, const OsiTask *t)
{
    OsiGuest *g = opaque;
    gpointer pid = GINT_TO_POINTER(t->pid);

    g_array_append_val(g->tasks, *t);
    if (t->pid && !g_hash_table_contains(g->by_pid, pid)) {
        g_hash_table_insert(g->by_pid, pid, GUINT_TO_POINTER(g->tasks->len));
    }
    return true;
}

static bool walk(OsiGuest *g, OsiError *err)
{
    if (!osi_guest_detect(g, err)) {
        return false;
    }
    if (!g->walked) {
        g->walked = true;
        g->no_tasks.kind = OSI_OK;
        g_array_set_size(g->tasks, 0);
        g_hash_table_remove_all(g->by_pid);
        g->provider->each_task(g->os, add_task, g, &g->no_tasks);
    }
    if (g->no_tasks.kind && err) {
        *err = g->no_tasks;
    }
    return !g->no_tasks.kind;
}

const OsiTask *osi_tasks(OsiGuest *g, size_t *n, OsiError *err)
{
    if (!walk(g, err)) {
        return NULL;
    }
    *n = g->tasks->len;
    return (const OsiTask *)g->tasks->data;
}

const OsiTask *osi_task_by_pid(OsiGuest *g, int32_t pid, OsiError *err)
{
    guint i;

    if (!walk(g, err)) {
        return NULL;
    }
    i = GPOINTER_TO_UINT(g_hash_table_lookup(g->by_pid, GINT_TO_POINTER(pid)));
    if (!i) {
        osi_fail(err, OSI_ERR_NO_SUCH, 0, "no task with id %d", pid);
        return NULL;
    }
    return &g_array_index(g->tasks, OsiTask, i - 1);
}

const OsiTask *osi_current_task(OsiGuest *g, int cpu_index, OsiError *err)
{
    if (!osi_guest_detect(g, err)) {
        return NULL;
    }
    for (size_t i = 0; i < g->view.n_cpus; i++) {
        if (g->cpus[i].index != cpu_index) {
            continue;
        }
        if (!g->current[i].object &&
            !g->provider->current(g->os, &g->cpus[i], &g->current[i], err)) {
            return NULL;
        }
        return &g->current[i];
    }
    osi_fail(err, OSI_ERR_NO_SUCH, 0, "no vCPU with index %d", cpu_index);
    return NULL;
}

OsiCurrentRecipe *osi_current_recipe(OsiGuest *g, OsiError *err)
{
    return osi_guest_detect(g, err) ? g->provider->current_recipe(g->os, err)
                                    : NULL;
}

/* ---- features ---- */

static void feature_none(OsiGuest *g)
{
    OsiFeature f = { .name = "os", .ok = false };

    g_strlcpy(f.text, g->no_os.message, sizeof(f.text));
    g_array_append_val(g->features, f);
}

const OsiFeature *osi_guest_features(OsiGuest *g, size_t *n)
{
    if (!g->features) {
        g->features = g_array_new(false, false, sizeof(OsiFeature));
        if (osi_guest_detect(g, NULL)) {
            /* Walk first: its result is part of the evidence. */
            walk(g, NULL);
            g->provider->features(g->os, g->features);
        } else {
            feature_none(g);
        }
    }
    *n = g->features->len;
    return (const OsiFeature *)g->features->data;
}

/* ---- pass on to the provider ---- */

bool osi_kernel_root(OsiGuest *g, OsiRoot *root, OsiError *err)
{
    return osi_guest_detect(g, err) &&
           g->provider->kernel_root(g->os, root, err);
}

uint64_t osi_cr3_mask(OsiGuest *g)
{
    /* Without an OS the architecture's bits: no PCID, no LAM. */
    return osi_guest_detect(g, NULL) ? g->provider->cr3_mask(g->os)
                                     : 0x000ffffffffff000ull;
}

bool osi_saved_user_regs(OsiGuest *g, const OsiTask *t, OsiUserRegs *regs,
                         OsiError *err)
{
    return osi_guest_detect(g, err) &&
           g->provider->saved_user_regs(g->os, t, regs, err);
}

char *osi_exe_path(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return osi_guest_detect(g, err) ? g->provider->exe_path(g->os, t, err)
                                    : NULL;
}

char *osi_command_line(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return osi_guest_detect(g, err) ? g->provider->command_line(g->os, t, err)
                                    : NULL;
}

GByteArray *osi_auxv(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return osi_guest_detect(g, err) ? g->provider->auxv(g->os, t, err) : NULL;
}

bool osi_symbol(OsiGuest *g, const char *name, uint64_t *value, OsiError *err)
{
    return osi_guest_detect(g, err) &&
           g->provider->symbol(g->os, name, value, err);
}

const char *osi_symbol_at(OsiGuest *g, uint64_t addr, uint64_t *offset)
{
    return osi_guest_detect(g, NULL)
        ? g->provider->symbol_at(g->os, addr, offset) : NULL;
}

bool osi_each_symbol(OsiGuest *g, OsiSymbolFn fn, void *opaque, OsiError *err)
{
    return osi_guest_detect(g, err) &&
           g->provider->each_symbol(g->os, fn, opaque, err);
}
