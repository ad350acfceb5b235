/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Instants of a replay that goes back, and lines on the way. See back.h. */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/back.h"
#include "gdbstub/gdbx/output.h"

#define MAX_BYTES (256 * 1024)  /* of lines that wait */

typedef struct Said {
    GdbxInstant at;
    GString *text;
} Said;

bool gdbx_back_looks;

static struct {
    uint64_t icount;            /* where the journey began */
    uint64_t id;                /* what gdb was told of there; 0: nothing */
    uint64_t pc;                /* where the CPU was then */
    bool reached;               /* it has come by: the rest is not past */
    GdbxInstant found;          /* the last one */
    unsigned interval;          /* being looked through, as timeline_interval() */
} from;

static GQueue lines = G_QUEUE_INIT;     /* Said, oldest first */
static size_t bytes;                    /* of them */
static unsigned dropped;
static Said *saying;

static uint64_t present;        /* see gdbx_back_present() */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15ull;
    return h ^ h >> 29;
}

GdbxInstant gdbx_instant_point(uint64_t pc, uint64_t icount)
{
    return (GdbxInstant) { .icount = icount, .id = mix(1, pc) | 1, .pc = pc };
}

GdbxInstant gdbx_instant_deed(const GdbxDeed *d, uint64_t pc, uint64_t icount)
{
    uint64_t id = mix(mix(mix(2, d->kind), d->tid), (uint32_t)d->code);

    return (GdbxInstant) { .icount = icount, .id = id | 1, .pc = pc };
}

/* ---- lines ---- */

static void said_free(Said *s)
{
    g_string_free(s->text, true);
    g_free(s);
}

static void drop_oldest(void)
{
    Said *s = g_queue_pop_head(&lines);

    bytes -= s->text->len;
    said_free(s);
}

/* They have been passed: the latest first. */
static void print(void)
{
    Said *s;

    while ((s = g_queue_pop_tail(&lines))) {
        gdbx_output(s->text->str, s->text->len);
        said_free(s);
    }
    if (dropped) {
        gdbx_console("gdbx: %u earlier lines of the way back were dropped\n",
                     dropped);
    }
    bytes = dropped = 0;
}

static void forget(void)
{
    while (lines.length) {
        drop_oldest();
    }
    dropped = 0;
}

/* The interval before begins: all of the last one has been passed. */
static void check_interval(void)
{
    if (from.interval != timeline_interval()) {
        from.interval = timeline_interval();
        gdbx.arch->forget_faults();
        if (timeline_wider()) {
            from.reached = false;
            forget();           /* they come again */
        } else {
            print();
        }
    }
}

void gdbx_back_say(GdbxInstant i)
{
    saying = g_new0(Said, 1);
    saying->at = i;
    saying->text = g_string_new(NULL);
    gdbx_output_into(saying->text);
}

void gdbx_back_said(void)
{
    Said *s = g_steal_pointer(&saying);

    gdbx_output_into(NULL);
    if (!s->text->len) {
        said_free(s);
        return;
    }
    g_queue_push_tail(&lines, s);
    bytes += s->text->len;
    while (bytes > MAX_BYTES && lines.length > 1) {
        drop_oldest();
        dropped++;
    }
}

/* ---- instants ---- */

static bool is_present(GdbxInstant i)
{
    return i.icount == from.icount &&
           (from.id ? i.id == from.id : i.pc == from.pc);
}

bool gdbx_back_passes(GdbxInstant i)
{
    if (!timeline_looking()) {
        return false;
    }
    check_interval();
    from.reached |= is_present(i);
    return i.icount < from.icount || (i.icount == from.icount && !from.reached);
}

bool gdbx_back_arrives(GdbxInstant i)
{
    return timeline_landing() && i.icount == from.found.icount &&
           i.id == from.found.id;
}

/* Its own lines are printed with it: it has happened where the journey ends. */
void gdbx_back_found(GdbxInstant i)
{
    Said *s;

    from.found = i;
    while ((s = g_queue_peek_head(&lines)) &&
           (s->at.icount != i.icount || s->at.pc != i.pc)) {
        drop_oldest();
    }
    dropped = 0;
}

/* ---- main thread ---- */

void gdbx_back_present(uint64_t id)
{
    present = id;
}

void gdbx_back_no_present(void)
{
    present = 0;
}

void gdbx_back_begin(uint64_t icount)
{
    forget();
    gdbx.arch->forget_faults();
    gdbx_back_looks = true;
    from.icount = icount;
    from.id = present;
    from.pc = gdbx.arch->pc(first_cpu);
    from.reached = false;
    from.interval = timeline_interval();
    from.found = (GdbxInstant) { 0 };
}

void gdbx_back_end(bool there)
{
    gdbx_back_looks = false;
    if (there) {
        print();
    } else {
        forget();
    }
}
