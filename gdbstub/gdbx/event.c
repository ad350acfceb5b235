/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points at events: the kinds there are, the points, what vCPUs heed.
 *
 * As with watchpoints, gdb removes and re-inserts its own at each stop. So
 * `armed' changes at once, and what vCPUs heed follows when the guest is
 * resumed: kinds are told of a change only if there is one then.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/roots.h"

uint32_t gdbx_events;

static GPtrArray *types;        /* const GdbxEventType */
static GPtrArray *all;          /* GdbxCatch, owned */
static GPtrArray *live[GDBX_EVENT_KINDS];   /* of all; NULL: none */

void gdbx_register_event(const GdbxEventType *type)
{
    if (!types) {
        types = g_ptr_array_new();
    }
    g_ptr_array_add(types, (void *)type);
}

const GdbxEventType *gdbx_event_type(const char *name)
{
    for (guint i = 0; types && i < types->len; i++) {
        const GdbxEventType *t = g_ptr_array_index(types, i);

        if (!strcmp(t->name, name)) {
            return t;
        }
    }
    return NULL;
}

void gdbx_event_types_each(void (*fn)(const GdbxEventType *t, void *opaque),
                           void *opaque)
{
    for (guint i = 0; types && i < types->len; i++) {
        fn(g_ptr_array_index(types, i), opaque);
    }
}

static void release_spec(const GdbxCatchSpec *spec)
{
    const GdbxEventType *type = spec->point.type;

    (type->release ? type->release : g_free)(spec->point.filter);
    if (spec->action->release) {
        spec->action->release(spec->state);
    }
    gdbx_ax_free(spec->condition);
}

static void catch_free(gpointer p)
{
    GdbxCatch *c = p;

    gdbx_event_hits_drop(c);
    release_spec(&c->spec);
    g_free(c->condition_text);
    g_free(c);
}

static void init(void)
{
    if (!all) {
        all = g_ptr_array_new_with_free_func(catch_free);
    }
}

GdbxCatch *gdbx_catch_insert(const GdbxCatchSpec *spec)
{
    GdbxCatch *c;

    init();
    if (all->len >= GDBX_MAX_CATCHES) {
        release_spec(spec);
        return NULL;
    }
    c = g_new0(GdbxCatch, 1);
    c->spec = *spec;
    c->own_space = spec->point.has_space;
    c->view = gdbx_view(spec->owner);
    c->condition_text = g_strdup(spec->condition_text);
    c->spec.condition_text = c->condition_text;
    c->armed = true;
    g_ptr_array_add(all, c);
    return c;
}

void gdbx_catch_disarm(GdbxCatch *c)
{
    c->armed = false;
}

void gdbx_catches_each(void (*fn)(GdbxCatch *c, void *opaque), void *opaque)
{
    for (guint i = 0; all && i < all->len; i++) {
        fn(g_ptr_array_index(all, i), opaque);
    }
}

GdbxCatch **gdbx_catches_live(GdbxEventKind kind, unsigned *n)
{
    *n = live[kind] ? live[kind]->len : 0;
    return *n ? (GdbxCatch **)live[kind]->pdata : NULL;
}

void gdbx_event_points_each(GdbxEventKind kind,
                            void (*fn)(const GdbxEventPoint *p, void *opaque),
                            void *opaque)
{
    unsigned n;
    GdbxCatch **c = gdbx_catches_live(kind, &n);

    for (unsigned i = 0; i < n; i++) {
        fn(&c[i]->spec.point, opaque);
    }
}

static bool reads_task(const GdbxCatch *c)
{
    GdbxRegInfo info;

    for (unsigned n = 0; c->spec.condition &&
                         gdbx.arch->reg_info(c->view, n, &info); n++) {
        if ((info.source == GDBX_REG_OSPID || info.source == GDBX_REG_OSTID) &&
            gdbx_ax_reads(c->spec.condition, n)) {
            return true;
        }
    }
    return false;
}

bool gdbx_catches_want_task(void)
{
    for (guint i = 0; all && i < all->len; i++) {
        const GdbxCatch *c = g_ptr_array_index(all, i);

        if (c->armed && (c->spec.point.pid || c->spec.point.tid ||
                         c->spec.action->names_task || reads_task(c))) {
            return true;
        }
    }
    return false;
}

/* Of a process that gdb does not follow, or a thread: 0 when it does. */
static int64_t root_wanted(const GdbxCatch *c)
{
    const GdbxEventPoint *p = &c->spec.point;

    return !p->type->by_space || c->own_space || gdbx_inferior(p->pid)
           ? 0 : p->pid ?: p->tid;
}

void gdbx_catches_roots(void)
{
    for (guint i = 0; all && i < all->len; i++) {
        const GdbxCatch *c = g_ptr_array_index(all, i);
        int64_t id = c->armed && !qatomic_read(&c->done) ? root_wanted(c) : 0;

        if (id) {
            gdbx_root_want(id);
        }
    }
}

/* The page tables by which the owner of @c is told from others. */
static GdbxRootState root_of(const GdbxCatch *c, uint64_t *table)
{
    const GdbxInferior *inf = gdbx_inferior(c->spec.point.pid);
    int64_t id = root_wanted(c);

    if (inf) {
        *table = inf->root.table;
        return *table ? GDBX_ROOT_KNOWN : GDBX_ROOT_UNKNOWN;
    }
    return id ? gdbx_root_of(id, table) : GDBX_ROOT_UNKNOWN;
}

/*
 * The address space of a process that gdb follows is known at each start, and
 * spares asking for the task. True when it is another.
 */
static bool respace(GdbxCatch *c)
{
    GdbxEventPoint *p = &c->spec.point, before = *p;
    GdbxRootState root;
    uint64_t table = 0;

    if (c->own_space) {
        return false;
    }
    root = root_of(c, &table);
    p->has_space = root != GDBX_ROOT_UNKNOWN;
    /* Where there is no such process, CR3 is never what no CPU takes. */
    p->mask = root == GDBX_ROOT_KNOWN ? osi_cr3_mask(gdbx_guest())
              : p->has_space ? UINT64_MAX : 0;
    p->space = root == GDBX_ROOT_NONE ? UINT64_MAX : table & p->mask;
    return p->has_space != before.has_space || p->mask != before.mask ||
           p->space != before.space;
}

static void tell_types(uint32_t kinds)
{
    for (guint i = 0; types && i < types->len; i++) {
        const GdbxEventType *t = g_ptr_array_index(types, i);
        bool called = false;

        /* Several names of one kind may share it. */
        for (guint j = 0; j < i; j++) {
            const GdbxEventType *o = g_ptr_array_index(types, j);

            called |= o->kind == t->kind && o->changed == t->changed;
        }
        if (t->changed && !called && (kinds & (1u << t->kind))) {
            t->changed();
        }
    }
}

/* The lists of what is live, and what hangs on them. */
static void rebuild(uint32_t changed)
{
    uint32_t mask = 0;

    for (int k = 0; k < GDBX_EVENT_KINDS; k++) {
        if (live[k]) {
            g_ptr_array_set_size(live[k], 0);
        }
    }
    for (guint i = 0; i < all->len; i++) {
        GdbxCatch *c = g_ptr_array_index(all, i);
        GdbxEventKind k = c->spec.point.type->kind;

        if (c->live) {
            live[k] = live[k] ?: g_ptr_array_new();
            g_ptr_array_add(live[k], c);
            mask |= 1u << k;
        }
    }
    qatomic_set(&gdbx_events, mask);
    tell_types(changed);
}

void gdbx_catches_commit(void)
{
    uint32_t changed = 0;

    if (!all || !all->len) {
        return;
    }
    for (guint i = all->len; i-- > 0; ) {
        GdbxCatch *c = g_ptr_array_index(all, i);
        bool wanted = c->armed && !qatomic_read(&c->done);
        bool other = respace(c) && c->live;

        if (wanted != c->live || other) {
            changed |= 1u << c->spec.point.type->kind;
        }
        c->live = wanted;
    }
    if (changed) {
        rebuild(changed);
    }
    for (guint i = all->len; i-- > 0; ) {
        GdbxCatch *c = g_ptr_array_index(all, i);

        /* One that is done may have a hit that gdb could not be told yet. */
        if (!c->live && !(c->armed && gdbx_event_has_hit(c))) {
            g_ptr_array_remove_index(all, i);
        }
    }
}

/* Removes those for which @doomed says so. True: there were some. */
static bool sweep(bool (*doomed)(const GdbxCatch *c, int64_t what),
                  int64_t what)
{
    g_autoptr(GPtrArray) dead = g_ptr_array_new_with_free_func(catch_free);
    uint32_t changed = 0;

    for (guint i = all ? all->len : 0; i-- > 0; ) {
        GdbxCatch *c = g_ptr_array_index(all, i);

        if (doomed(c, what)) {
            changed |= c->live ? 1u << c->spec.point.type->kind : 0;
            g_ptr_array_add(dead, g_ptr_array_steal_index(all, i));
        }
    }
    if (changed) {
        rebuild(changed);
    }
    return dead->len;
}

static bool by_number(const GdbxCatch *c, int64_t number)
{
    return c->spec.number && (!number || c->spec.number == number);
}

static bool by_owner(const GdbxCatch *c, int64_t owner)
{
    return c->spec.owner == owner;
}

static bool any(const GdbxCatch *c, int64_t unused)
{
    return true;
}

bool gdbx_catches_delete(unsigned number)
{
    return sweep(by_number, number);
}

void gdbx_catches_forget(int64_t owner)
{
    sweep(by_owner, owner);
}

void gdbx_catches_reset(void)
{
    sweep(any, 0);
    gdbx_event_hits_drop(NULL);
    gdbx_event_told_reset();
}
