/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The front of the room: finds the provider of the guest's OS and keeps its
 * answers until the guest runs again. What an OS looks like is not known here.
 */
#include <string.h>
#include "guest-private.h"

static const OsiProvider *const all_providers[] = {
    &osi_linux_provider,
};

void osi_reads(OsiGuest *g, uint32_t max)
{
    g->reads = 0;
    g->reads_max = max;
}

/* Every read of a provider comes by here. */
static bool counted_read(void *opaque, uint64_t pa, void *buf, size_t len)
{
    OsiGuest *g = opaque;

    if (g->reads >= g->reads_max) {
        return false;
    }
    g->reads += 1 + len / 1024;
    return g->mem.read(g->mem.opaque, pa, buf, len);
}

OsiGuest *osi_guest_new(const OsiMemory *mem)
{
    return osi_guest_new_with(mem, all_providers, G_N_ELEMENTS(all_providers));
}

OsiGuest *osi_guest_new_with(const OsiMemory *mem,
                             const OsiProvider *const *providers, size_t n)
{
    OsiGuest *g = g_new0(OsiGuest, 1);

    g->providers = providers;
    g->n_providers = n;
    g->mem = *mem;
    g->view.mem = (OsiMemory) { counted_read, g, mem->phys_limit };
    g->view.profile.engines = OSI_ENGINES_ALL;
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

static void forget_answers(OsiGuest *g)
{
    g->asked = g->walked = false;
    g_clear_pointer(&g->features, g_array_unref);
    osi_forget_lists(g);
    if (g->view.n_cpus) {
        memset(g->current, 0, g->view.n_cpus * sizeof(*g->current));
    }
}

void osi_guest_free(OsiGuest *g)
{
    if (!g) {
        return;
    }
    forget_answers(g);
    forget_os(g);
    g_array_unref(g->tasks);
    g_hash_table_unref(g->by_pid);
    g_free(g->cpus);
    g_free(g->current);
    g_free(g->types);
    g_free(g->symbols);
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
    }
    g->view.cpus = g->cpus;
    g->view.n_cpus = n;
    forget_answers(g);
}

/* ---- engines ---- */

static void start_anew(OsiGuest *g)
{
    forget_answers(g);
    forget_os(g);
}

void osi_guest_engines(OsiGuest *g, unsigned engines)
{
    g->view.profile.engines = engines;
    start_anew(g);
}

bool osi_guest_profile(OsiGuest *g, const uint8_t *types, size_t types_len,
                       const char *symbols, size_t symbols_len, OsiError *err)
{
    OsiProfile *p = &g->view.profile;

    if (types_len > OSI_PROFILE_MAX || symbols_len > OSI_PROFILE_MAX) {
        return osi_fail(err, OSI_ERR_LIMIT, 0,
                        "a profile of more than %u MiB", OSI_PROFILE_MAX >> 20);
    }
    for (size_t i = 0; (types_len || symbols_len) && i < g->n_providers; i++) {
        const OsiProfile want = {
            p->engines, types, types_len, symbols, symbols_len
        };

        if (!g->providers[i]->check_profile) {
            continue;
        }
        if (!g->providers[i]->check_profile(&want, err)) {
            return false;
        }
    }
    g_free(g->types);
    g_free(g->symbols);
    g->types = g_memdup2(types, types_len);
    g->symbols = g_memdup2(symbols, symbols_len);
    *p = (OsiProfile) { p->engines, g->types, types_len, g->symbols,
                        symbols_len };
    start_anew(g);
    return true;
}

/* ---- questions ---- */

static void detect(OsiGuest *g)
{
    g->asked = true;
    osi_reads(g, OSI_READS_DETECT);
    if (g->provider && g->provider->resume(g->os, NULL)) {
        return;
    }
    forget_os(g);
    osi_reads(g, OSI_READS_DETECT);
    osi_fail(&g->no_os, OSI_ERR_NO_OS, 0, "no vCPU to look at");
    for (size_t i = 0; g->view.n_cpus && i < g->n_providers; i++) {
        g->os = g->providers[i]->detect(&g->view, &g->no_os);
        if (g->os) {
            g->provider = g->providers[i];
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

bool osi_ask(OsiGuest *g, OsiError *err)
{
    if (!osi_guest_detect(g, err)) {
        return false;
    }
    osi_reads(g, OSI_READS_MAX);
    return true;
}

void osi_asked(OsiGuest *g, OsiError *err)
{
    if (g->reads >= g->reads_max) {
        osi_fail(err, OSI_ERR_LIMIT, err ? err->address : 0,
                 "more than %u reads of guest memory for one question",
                 g->reads_max);
    }
}

bool osi_cannot(OsiGuest *g, const char *what, OsiError *err)
{
    return osi_fail(err, OSI_ERR_UNSUPPORTED, 0,
                    "%s is not known of a guest that runs %s", what,
                    g->provider->name);
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
        osi_reads(g, OSI_READS_MAX);
        g->no_tasks.kind = OSI_OK;
        g_array_set_size(g->tasks, 0);
        g_hash_table_remove_all(g->by_pid);
        if (!g->provider->each_task(g->os, add_task, g, &g->no_tasks)) {
            osi_asked(g, &g->no_tasks);
        } else {
            g->no_tasks.kind = OSI_OK;
        }
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
    if (!osi_ask(g, err)) {
        return NULL;
    }
    for (size_t i = 0; i < g->view.n_cpus; i++) {
        if (g->cpus[i].index != cpu_index) {
            continue;
        }
        if (!g->current[i].object &&
            !g->provider->current(g->os, &g->cpus[i], &g->current[i], err)) {
            osi_asked(g, err);
            return NULL;
        }
        return &g->current[i];
    }
    osi_fail(err, OSI_ERR_NO_SUCH, 0, "no vCPU with index %d", cpu_index);
    return NULL;
}

/* ---- features ---- */

static void feature_none(OsiGuest *g)
{
    OsiFeature f = { .name = "os", .address = g->no_os.address };

    g_strlcpy(f.text, g->no_os.message, sizeof(f.text));
    g_strlcpy(f.fix, "let the guest boot on; then ask again", sizeof(f.fix));
    g_array_append_val(g->features, f);
}

const OsiFeature *osi_guest_features(OsiGuest *g, size_t *n)
{
    if (!g->features) {
        g->features = g_array_new(false, false, sizeof(OsiFeature));
        if (osi_guest_detect(g, NULL)) {
            /* Walk first: its result is part of the evidence. */
            walk(g, NULL);
            osi_reads(g, OSI_READS_MAX);
            if (g->provider->features) {
                g->provider->features(g->os, g->features);
            }
        } else {
            feature_none(g);
        }
    }
    *n = g->features->len;
    return (const OsiFeature *)g->features->data;
}
