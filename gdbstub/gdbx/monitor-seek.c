/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx seek', `bookmark', `bookmarks'. A monitor command cannot move the
 * machine: gdb would keep the registers that it has (R15). So the next resume,
 * whichever it is, goes there.
 */
#include "qemu/osdep.h"
#include "monitor/monitor.h"
#include "replay/beside.h"
#include "replay/bookmarks.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/place.h"

bool gdbx_mon_seek_to(Monitor *mon, uint64_t icount)
{
    const char *why = timeline_why_not();
    uint64_t end = gdbx_place_end();

    if (why) {
        monitor_printf(mon, "%s\n", why);
    } else if (icount < timeline_status().first) {
        monitor_printf(mon, "the past that is kept begins at instruction %"
                       PRIu64 "\n", timeline_status().first);
    } else if (end && icount > end) {
        monitor_printf(mon, "the recording ends at instruction %" PRIu64 "\n",
                       end);
    } else {
        gdbx_seek_arm(icount);
        monitor_printf(mon, "the next resume goes to instruction %" PRIu64
                       "\n", icount);
        return true;
    }
    return false;
}

/* A place, and nothing behind it. */
static bool take_place(Monitor *mon, const char *args, uint64_t *icount)
{
    g_autofree char *why = NULL;
    GdbxWord more;

    if (!gdbx_place(&args, icount, &why)) {
        monitor_printf(mon, "gdbx: %s\n", why);
        return false;
    }
    if (gdbx_next_word(&args, more)) {
        monitor_printf(mon, "gdbx: not understood: '%.40s'\n", more);
        return false;
    }
    return true;
}

/* "last syscall write": a question to the index. False: it is none. */
static bool seek_event(Monitor *mon, const char *args)
{
    static const struct {
        const char *word;
        void (*ask)(Monitor *mon, const char *args);
    } questions[] = {
        { "last", gdbx_mon_last }, { "next", gdbx_mon_next },
        { "first", gdbx_mon_first },
    };
    g_autofree char *question = NULL;
    GdbxWord word = "";

    gdbx_next_word(&args, word);
    for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
        if (!strcmp(word, questions[i].word)) {
            question = g_strconcat(args, " go", NULL);
            questions[i].ask(mon, question);
            return true;
        }
    }
    return false;
}

void gdbx_mon_seek(Monitor *mon, const char *args)
{
    const char *why = timeline_why_not();
    uint64_t icount;

    if (why) {
        monitor_printf(mon, "%s\n", why);
    } else if (!*args) {
        gdbx_usage(mon, "seek");
    } else if (!seek_event(mon, args) && take_place(mon, args, &icount)) {
        gdbx_mon_seek_to(mon, icount);
    }
}

static void say(Monitor *mon, const char *why)
{
    if (why) {
        monitor_printf(mon, "gdbx: %s\n", why);
    }
}

void gdbx_mon_bookmark(Monitor *mon, const char *args)
{
    uint64_t icount = timeline_now().icount;
    GdbxWord name, which;

    if (timeline_now().mode == TIMELINE_LIVE) {
        monitor_printf(mon, "instructions are not counted (-icount shift=auto "
                       "counts them)\n");
    } else if (!gdbx_next_word(&args, name)) {
        gdbx_usage(mon, "bookmark");
    } else if (!strcmp(name, "delete") && gdbx_next_word(&args, which)) {
        say(mon, bookmark_delete(which));
    } else if (!strcmp(name, "delete") || gdbx_place_reserved(name)) {
        monitor_printf(mon, "gdbx: '%s' is a word of the command\n", name);
    } else if (!args[strspn(args, " \t")] || take_place(mon, args, &icount)) {
        say(mon, bookmark_set(name, icount));
        if (bookmark_find(name)) {
            monitor_printf(mon, "%s: instruction %" PRIu64 "\n", name,
                           bookmark_find(name)->icount);
        }
    }
}

void gdbx_mon_bookmarks(Monitor *mon, const char *args)
{
    g_autofree char *file = beside_name("bookmarks");
    uint64_t now = timeline_now().icount;
    size_t n;
    const Bookmark *m = bookmarks_all(&n);

    if (bookmarks_why_not()) {
        monitor_printf(mon, "%s %s\n", file, bookmarks_why_not());
    }
    if (!n) {
        monitor_printf(mon, "no bookmarks\n");
    }
    for (size_t i = 0; i < n; i++) {
        bool ahead = m[i].icount > now;

        monitor_printf(mon, "  %-20s instruction %" PRIu64 " (%c%" PRIu64
                       ")\n", m[i].name, m[i].icount, ahead ? '+' : '-',
                       ahead ? m[i].icount - now : now - m[i].icount);
    }
}
