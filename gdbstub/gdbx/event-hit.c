/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Something happens on a vCPU: whose points mean it, are their conditions true,
 * what is done. Runs in vCPU threads, while nobody may change the points; takes
 * no lock unless a point is hit.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "hw/core/cpu.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/event-points.h"

/* One event while it is looked at. */
typedef struct Happening {
    CPUState *cs;
    GdbxEvent *ev;
    bool asked;             /* @who is filled in */
    GdbxEventWho who;
    GdbxCatch *stop;        /* the machine shall stop for it */
    bool given;             /* its text is who announced it's */
    const GdbxEventType *type;      /* whose its text is else */
} Happening;

typedef struct Evaluation {
    GdbxEvaluation regs;
    const GdbxEvent *ev;
    void (*print)(void *opaque, const char *text, size_t len);
} Evaluation;

static bool read_reg(void *opaque, unsigned n, uint64_t *value)
{
    Evaluation *e = opaque;

    if (n < GDBX_FIELD_REGS) {
        return gdbx_evaluation_reg(&e->regs, n, value);
    }
    n -= GDBX_FIELD_REGS;
    if (n >= GDBX_EVENT_FIELDS || !(e->ev->known & (1u << n))) {
        return false;
    }
    *value = e->ev->field[n];
    return true;
}

static bool read_mem(void *opaque, uint64_t addr, void *buf, size_t len)
{
    Evaluation *e = opaque;

    return gdbx.arch->read_virt(e->regs.cs, addr, buf, len);
}

static void print(void *opaque, const char *text, size_t len)
{
    Evaluation *e = opaque;

    e->print(NULL, text, len);
}

GdbxAxStatus gdbx_event_eval(CPUState *cs, const GdbxEvent *ev, GdbxView view,
                             const GdbxAx *ax, uint64_t *value,
                             void (*to)(void *opaque, const char *text,
                                        size_t len), uint64_t *bad)
{
    Evaluation e = {
        .regs = { .cs = cs, .view = view, .pc = ev->pc, .ra = ev->ra },
        .ev = ev, .print = to,
    };
    const GdbxAxEnv env = {
        .reg = read_reg, .mem = read_mem, .print = to ? print : NULL,
        .opaque = &e,
    };

    return gdbx_ax_eval(ax, &env, value, bad);
}

const char *gdbx_event_text(CPUState *cs, const GdbxEventType *type,
                            GdbxEvent *ev)
{
    if (!ev->text[0] && type->text) {
        type->text(cs, ev);
    }
    return ev->text;
}

static const GdbxEventWho *who(Happening *h)
{
    if (!h->asked) {
        h->asked = true;
        h->who.known = gdbx_current_known(h->cs, &h->who.ids);
    }
    return &h->who;
}

/* What cannot be told is taken for the one that is meant. */
static bool is_owners(Happening *h, GdbxCatch *c)
{
    const GdbxEventPoint *p = &c->spec.point;

    if (p->has_space &&
        (gdbx.arch->address_space(h->cs) & p->mask) != p->space) {
        return false;
    }
    if (!p->pid && !p->tid) {
        return true;
    }
    if (!who(h)->known) {
        if (!p->has_space || p->tid) {
            qatomic_inc(&c->unknown);
        }
        return true;
    }
    return (!p->pid || h->who.ids.tgid == p->pid) &&
           (!p->tid || h->who.ids.pid == p->tid);
}

static bool asleep(const GdbxEventAction *action)
{
    return action->journeys && !qatomic_read(action->journeys);
}

static bool means(Happening *h, GdbxCatch *c)
{
    const GdbxEventPoint *p = &c->spec.point;

    return !qatomic_read(&c->done) && !asleep(c->spec.action) &&
           (p->cpl < 0 || gdbx.arch->privilege(h->cs) == p->cpl) &&
           (!p->type->match || p->type->match(p->filter, h->ev)) &&
           is_owners(h, c);
}

/* Once for a point: it may happen a million times a second. */
static void complain(GdbxCatch *c, GdbxAxStatus st, uint64_t bad)
{
    if (!qatomic_xchg(&c->complained, true)) {
        gdbx_console("gdbx: condition of point %u counts as true: %s (0x%"
                     PRIx64 ") (said once)\n", c->spec.number,
                     gdbx_ax_status_text(st), bad);
    }
}

/* What cannot be evaluated counts as true: nothing is missed silently. */
static bool condition_true(Happening *h, GdbxCatch *c)
{
    uint64_t value = 0, bad = 0;
    GdbxAxStatus st;

    if (!c->spec.condition) {
        return true;
    }
    st = gdbx_event_eval(h->cs, h->ev, c->view, c->spec.condition, &value, NULL,
                         &bad);
    if (st != GDBX_AX_OK) {
        complain(c, st, bad);
        return true;
    }
    return value;
}

/* Types that share a kind have other words. */
static void choose_words(Happening *h, const GdbxCatch *c)
{
    if (!h->given && h->type != c->spec.point.type) {
        h->type = c->spec.point.type;
        h->ev->text[0] = 0;
    }
}

static void do_it(Happening *h, GdbxCatch *c)
{
    const GdbxEventAction *action = c->spec.action;

    if (action->run) {
        action->run(h->cs, c, h->ev, action->names_task ? who(h) : &h->who);
    }
}

/* All that a true hit does is done here. */
static void true_hit(Happening *h, GdbxCatch *c)
{
    if (qatomic_fetch_inc(&c->hits) < c->spec.after ||
        (c->spec.once && qatomic_xchg(&c->done, true))) {
        return;
    }
    choose_words(h, c);
    do_it(h, c);
    if (!c->spec.action->stops) {
        return;
    }
    gdbx_event_text(h->cs, c->spec.point.type, h->ev);
    gdbx_event_push(h->cs, h->ev, c, &h->who);
    h->stop = c;
}

/*
 * A replay looks for the way back and passes here, maybe several times: nobody
 * stops, the last one counts. What is only said is said when that is known.
 */
static void look_back(Happening *h, GdbxCatch **c, unsigned n, GdbxInstant at)
{
    for (unsigned i = 0; i < n; i++) {
        if (!(c[i]->spec.action->stops || c[i]->spec.action->backwards) ||
            !means(h, c[i]) || !condition_true(h, c[i])) {
            continue;
        }
        choose_words(h, c[i]);
        if (c[i]->spec.action->backwards) {
            gdbx_back_say(at);
            do_it(h, c[i]);
            gdbx_back_said();
        } else {
            gdbx_event_text(h->cs, c[i]->spec.point.type, h->ev);
            gdbx_back_event(h->cs, h->ev, c[i], &h->who, at);
        }
    }
}

/* That was the last one: the machine stops for it as it did forwards. */
static void land(Happening *h, GdbxCatch **c, unsigned n)
{
    if (!h->ev->behind) {
        gdbx_event_was_told(h->cs, h->ev);  /* it will be */
    }
    for (unsigned i = 0; i < n; i++) {
        if (c[i]->spec.action->stops && means(h, c[i]) &&
            condition_true(h, c[i])) {
            choose_words(h, c[i]);
            gdbx_event_text(h->cs, c[i]->spec.point.type, h->ev);
            gdbx_event_push(h->cs, h->ev, c[i], &h->who);
            h->stop = c[i];
            qatomic_set(&c[i]->done, c[i]->spec.once);
        }
    }
}

/* A replay is on its way: most actions have been done when it passed first. */
static void do_anyway(Happening *h, GdbxCatch **c, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        if (c[i]->spec.action->journeys && means(h, c[i])) {
            do_it(h, c[i]);
        }
    }
}

static bool on_journey(Happening *h, GdbxCatch **c, unsigned n)
{
    GdbxInstant at = gdbx_event_instant(h->cs, h->ev);

    do_anyway(h, c, n);
    if (gdbx_back_passes(at)) {
        look_back(h, c, n, at);
    } else if (gdbx_back_arrives(at)) {
        land(h, c, n);
        if (h->stop) {
            timeline_landed();
        }
    }
    return h->stop;
}

bool gdbx_event(CPUState *cs, GdbxEvent *ev)
{
    Happening h = { .cs = cs, .ev = ev, .given = ev->text[0] };
    unsigned n;
    GdbxCatch **c = gdbx_catches_live(ev->kind, &n);

    if (timeline_busy()) {
        return on_journey(&h, c, n);
    }
    if (!n || (!ev->behind && gdbx_event_was_told(cs, ev))) {
        return false;
    }
    for (unsigned i = 0; i < n; i++) {
        if (!means(&h, c[i])) {
            continue;
        }
        if (condition_true(&h, c[i])) {
            true_hit(&h, c[i]);
        } else {
            qatomic_inc(&c[i]->misses);
        }
    }
    return h.stop;
}
