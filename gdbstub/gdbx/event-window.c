/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * gdb's own rwatch and awatch on addresses that no guest has: a kind of event
 * has a window there (GdbxWindow in event.h), and a watchpoint in it becomes a
 * point at such events, owned by the inferior that is selected.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/event-points.h"

typedef struct Lookup {
    uint64_t addr;
    const GdbxEventType *type;
} Lookup;

static void look(const GdbxEventType *t, void *opaque)
{
    Lookup *l = opaque;

    if (t->window && l->addr - t->window->base < t->window->size) {
        l->type = t;
    }
}

static const GdbxEventType *type_at(uint64_t addr)
{
    Lookup l = { .addr = addr };

    gdbx_event_types_each(look, &l);
    return l.type;
}

bool gdbx_event_in_window(uint64_t addr)
{
    return type_at(addr);
}

typedef struct Wanted {
    int64_t owner;
    uint64_t addr, len;
    int type;
    GdbxCatch *found;
} Wanted;

static void compare(GdbxCatch *c, void *opaque)
{
    const GdbxCatchSpec *s = &c->spec;
    Wanted *w = opaque;

    if (s->reply == GDBX_REPLY_WATCH && s->owner == w->owner &&
        s->addr == w->addr && s->len == w->len && s->type == w->type) {
        w->found = c;
    }
}

static GdbxCatch *find(int64_t owner, uint64_t addr, uint64_t len, int type)
{
    Wanted w = { owner, addr, len, type };

    gdbx_catches_each(compare, &w);
    return w.found;
}

GdbxCatch *gdbx_event_window_insert(int64_t owner, uint64_t addr, uint64_t len,
                                    int type, char **why)
{
    static const int flags[] = { BP_MEM_WRITE, BP_MEM_READ, BP_MEM_ACCESS };
    const GdbxEventType *t = type_at(addr);
    GdbxCatch *c = find(owner, addr, len, type);
    void *filter;

    if (c) {
        c->armed = true;
        return c;
    }
    if (!t || !len || addr + len < addr ||
        addr + len - t->window->base > t->window->size) {
        *why = g_strdup("it is not within a window");
        return NULL;
    }
    filter = t->window->filter(addr - t->window->base, len, flags[type - 2],
                               why);
    if (!filter) {
        return NULL;
    }
    c = gdbx_catch_insert(&(GdbxCatchSpec) {
        .point = {
            .type = t, .filter = filter, .cpl = -1,
            .pid = gdbx_is_machine(owner) ? 0 : owner,
        },
        .owner = owner, .action = &gdbx_action_break,
        .reply = GDBX_REPLY_WATCH, .addr = addr, .len = len, .type = type,
    });
    if (!c) {
        *why = g_strdup("there are too many already");
    }
    return c;
}

bool gdbx_event_window_remove(int64_t owner, uint64_t addr, uint64_t len,
                              int type)
{
    GdbxCatch *c = find(owner, addr, len, type);

    if (c) {
        gdbx_catch_disarm(c);
    }
    return c;
}

size_t gdbx_event_window_read(uint64_t addr, uint8_t *buf, size_t len)
{
    const GdbxEventType *t = type_at(addr);
    uint64_t left;

    if (!t || !t->window->read ||
        (t->window->is_there &&
         !t->window->is_there(addr - t->window->base))) {
        return 0;
    }
    left = t->window->size - (addr - t->window->base);
    len = MIN(len, left);
    memset(buf, 0, len);
    t->window->read(addr - t->window->base, buf, len);
    return len;
}
