/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx tfind N': to hit N of the points that are set, counted from where
 * the recording begins.
 *
 * The replay goes over it once, forwards, and hits are counted here until it is the
 * N-th; only that one is told to the timeline. gdb has its breakpoints inserted
 * when it sends bc (before c it steps over one that it stands at, without them),
 * so it is `reverse-continue' that performs it, and no other resume.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "monitor/monitor.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/back.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/nth.h"
#include "gdbstub/gdbx/place.h"

static struct {
    uint64_t wanted;        /* 0: nothing is armed */
    bool any;               /* ... or only hits at @pc */
    uint64_t pc;
    bool counting;
    uint64_t passed;
    GdbxInstant last;
} nth;

bool gdbx_nth_counting(void)
{
    return nth.counting;
}

uint64_t gdbx_nth_passed(void)
{
    return nth.passed;
}

bool gdbx_nth_won(void)
{
    return nth.passed == nth.wanted;
}

/* An instruction that accesses memory twice is one hit. */
bool gdbx_nth_wins(GdbxInstant at)
{
    if (!nth.counting) {
        return true;
    }
    if ((!nth.any && at.pc != nth.pc) ||
        (nth.passed && nth.last.icount == at.icount && nth.last.id == at.id)) {
        return false;
    }
    nth.last = at;
    return ++nth.passed == nth.wanted;
}

void gdbx_nth_forget(void)
{
    if (nth.wanted && !nth.counting) {
        gdbx_console("gdbx: no reverse-continue followed: `tfind' is "
                     "forgotten\n");
    }
    nth.wanted = 0;
    nth.counting = false;
}

bool gdbx_nth_begin(void)
{
    nth.counting = nth.wanted && !nth.counting;
    nth.passed = 0;
    return nth.counting;
}

void gdbx_nth_end(void)
{
    nth.counting = false;
    nth.wanted = 0;
}

void gdbx_mon_tfind(Monitor *mon, const char *args)
{
    const char *why = timeline_why_not();
    uint64_t n, pc = 0;
    GdbxWord word, more;
    bool any;

    if (!gdbx_next_word(&args, word) || !gdbx_word_number(word, &n) || !n) {
        gdbx_usage(mon, "tfind");
        return;
    }
    any = !gdbx_next_word(&args, word);
    if (!any && (strcmp(word, "at") || !gdbx_next_word(&args, word) ||
                 !gdbx_word_number(word, &pc) ||
                 gdbx_next_word(&args, more))) {
        gdbx_usage(mon, "tfind");
    } else if (why) {
        monitor_printf(mon, "%s\n", why);
    } else if (timeline_now().mode != TIMELINE_REPLAY || !gdbx_place_end()) {
        monitor_printf(mon, "it is not known where the recording ends: while "
                       "it is made, go back once first\n");
    } else {
        gdbx_seek_forget();
        nth.wanted = n;
        nth.any = any;
        nth.pc = pc;
        monitor_printf(mon, "the next reverse-continue goes to hit %" PRIu64
                       ", counted from the start\n", n);
    }
}
