/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `monitor gdbx index', `last', `next', `first', and `when did'. */
#include "qemu/osdep.h"
#include "monitor/monitor.h"
#include "hw/core/cpu.h"
#include "replay/recording.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/index.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/place.h"

static bool knows_all(const IndexRange *r)
{
    return r->any && r->from <= timeline_status().first &&
           r->to >= gdbx_place_end();
}

static void show_range(Monitor *mon)
{
    IndexRange r = index_range();
    uint64_t all = gdbx_place_end();

    if (!r.any) {
        monitor_printf(mon, "the index knows nothing yet: `index on', and "
                       "replay; or `index build'\n");
        return;
    }
    monitor_printf(mon, "the index knows instruction %" PRIu64 " to %" PRIu64,
                   r.from, r.to);
    if (knows_all(&r)) {
        monitor_printf(mon, ", which is all\n");
    } else if (all) {
        monitor_printf(mon, ", %.1f %% of the recording; `index build' does "
                       "the rest%s\n", 100.0 * (r.to - r.from) / all,
                       r.full ? ". It is full" : "");
    } else {
        monitor_printf(mon, "\n");
    }
}

static void show_status(Monitor *mon)
{
    IndexRange r = index_range();

    monitor_printf(mon, "%s, %" PRIu64 " events in %" PRIu64 " KiB\n",
                   gdbx_index_is_on() ? "on" : "off", r.records,
                   r.bytes / 1024);
    show_range(mon);
}

static void turn_on(Monitor *mon)
{
    g_autofree char *why = gdbx_index_on();

    if (why) {
        monitor_printf(mon, "%s\n", why);
    }
}

/* What is replayed is kept only when all of it can be told. */
static void warn_of_gap(Monitor *mon)
{
    uint64_t now = timeline_now().icount;
    IndexRange r = index_range();

    if (!gdbx_index_is_on()) {
        return;
    }
    if (!osi_guest_detect(gdbx_guest(), NULL)) {
        monitor_printf(mon, "no guest OS is known here: it begins when the "
                       "guest has stopped where one is; `index build' has "
                       "all\n");
    } else if (r.any && (now < r.from || now > r.to)) {
        monitor_printf(mon, "this is outside of what it knows: it goes on when "
                       "the guest comes there; `index build' fills the gap\n");
    }
}

static void arm_build(Monitor *mon)
{
    const char *why;

    turn_on(mon);
    why = gdbx_index_is_on() ? gdbx_index_build_arm() : NULL;
    if (why) {
        monitor_printf(mon, "gdbx: %s\n", why);
    } else if (gdbx_index_is_on()) {
        monitor_printf(mon, "the next resume replays the recording for the "
                       "index, and comes back to here; Ctrl-C ends it\n");
    }
}

static void save(Monitor *mon)
{
    const char *why = index_save();

    if (why) {
        monitor_printf(mon, "gdbx: %s\n", why);
    }
}

void gdbx_mon_index(Monitor *mon, const char *args)
{
    GdbxWord word = "status", more;

    if (timeline_now().mode != TIMELINE_REPLAY) {
        monitor_printf(mon, "an index is made of a recording: -icount "
                       "...,rr=replay\n");
        return;
    }
    gdbx_index_load(mon);
    gdbx_next_word(&args, word);
    if (gdbx_next_word(&args, more)) {
        gdbx_usage(mon, "index");
    } else if (!strcmp(word, "on")) {
        turn_on(mon);
        show_status(mon);
        warn_of_gap(mon);
    } else if (!strcmp(word, "off")) {
        gdbx_index_off();
    } else if (!strcmp(word, "build")) {
        arm_build(mon);
    } else if (!strcmp(word, "clear")) {
        index_clear();
    } else if (!strcmp(word, "save")) {
        save(mon);
    } else if (!strcmp(word, "status")) {
        show_status(mon);
    } else {
        gdbx_usage(mon, "index");
    }
}

/* ---- questions ---- */

static void show_record(Monitor *mon, const IndexRecord *r)
{
    uint64_t now = timeline_now().icount;
    const RecordingInfo *all = recording_info();
    g_autofree char *text = gdbx_index_text(r);
    bool ahead = r->icount > now;

    monitor_printf(mon, "instruction %" PRIu64, r->icount);
    if (all && all->instructions) {
        monitor_printf(mon, " (%.2f %%)", 100.0 * r->icount /
                       all->instructions);
    }
    monitor_printf(mon, ", %" PRIu64 " %s: %s\n",
                   ahead ? r->icount - now : now - r->icount,
                   ahead ? "ahead" : "back", text);
}

/* What lies between here and what is known might have others. */
static void show_gap(Monitor *mon, uint64_t icount, bool back, bool found)
{
    IndexRange r = index_range();
    bool gap = !r.any || (back ? icount > r.to : icount < r.from);

    if (!found) {
        monitor_printf(mon, "no such event. ");
        show_range(mon);
    } else if (gap && icount <= INT64_MAX) {
        monitor_printf(mon, "but between there and here there may be others. ");
        show_range(mon);
    }
}

/* @args: a question, then `go' or nothing. */
static void ask(Monitor *mon, const char *args, uint64_t icount, bool back,
                const char *command)
{
    g_autofree char *why = NULL;
    GdbxIndexQuery q;
    GdbxWord word = "", more;
    IndexRecord r;
    bool found;

    gdbx_index_load(mon);
    if (!gdbx_index_parse(&args, &q, &why)) {
        monitor_printf(mon, "gdbx: %s\n", why);
        gdbx_usage(mon, command);
        return;
    }
    if (gdbx_next_word(&args, word) &&
        (strcmp(word, "go") || gdbx_next_word(&args, more))) {
        monitor_printf(mon, "gdbx: not understood: '%.40s'\n",
                       strcmp(word, "go") ? word : more);
        gdbx_usage(mon, command);
    } else {
        found = gdbx_index_ask(&q, icount, back, &r);
        if (found) {
            show_record(mon, &r);
        }
        show_gap(mon, icount, back, found);
        if (found && *word) {
            gdbx_mon_seek_to(mon, r.icount);
        }
    }
    gdbx_index_query_free(&q);
}

void gdbx_mon_last(Monitor *mon, const char *args)
{
    ask(mon, args, timeline_now().icount, true, "last");
}

void gdbx_mon_next(Monitor *mon, const char *args)
{
    ask(mon, args, timeline_now().icount + 1, false, "next");
}

void gdbx_mon_first(Monitor *mon, const char *args)
{
    ask(mon, args, 0, false, "first");
}

/* "did PID exit|exec|fork|start": the last one in all that is known. */
void gdbx_mon_when_did(Monitor *mon, const char *args)
{
    GdbxWord whom, verb, more = "";
    g_autofree char *question = NULL;
    bool start;

    if (!gdbx_next_word(&args, whom) || !gdbx_next_word(&args, verb)) {
        gdbx_usage(mon, "when");
        return;
    }
    gdbx_next_word(&args, more);
    start = !strcmp(verb, "start");
    question = g_strdup_printf("%s of %s %s", start ? "fork" : verb, whom,
                               more);
    ask(mon, question, start ? 0 : UINT64_MAX, !start, "when");
}
