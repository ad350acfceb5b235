/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx NOUN`: what the stub knows and does, for a person. The same
 * from gdb's `monitor` and from QEMU's own console.
 */
#include "qemu/osdep.h"
#include "qemu/module.h"
#include "monitor/monitor.h"
#include "monitor/hmp.h"
#include "qapi/qapi-commands-misc.h"
#include "qobject/qdict.h"
#include "hw/core/cpu.h"
#include "system/runstate.h"
#include "gdbstub/gdbx/event-points.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/index.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/place.h"
#include "gdbstub/gdbx/rows.h"
#include "gdbstub/gdbx/signals.h"

/*
 * gdb swallows the first stop of the inferior it connected with if another one
 * is resumed first; `stepi 0' ends that, but the stub cannot see it.
 */
static void note_first_stop(Monitor *mon, const char *args)
{
    gdbx.machine_quiet = false;
}

static void show_hooks(Monitor *mon, const char *args)
{
    for (int i = 0; i < GDBX_HOOK__COUNT; i++) {
        monitor_printf(mon, "  %-24s %" PRIu64 "\n", gdbx_hook_name(i),
                       gdbx_hook_calls[i]);
    }
}

static void show_packets(Monitor *mon, const char *args)
{
    size_t n;
    const GdbxRow *r = gdbx_rows(&n);

    for (size_t i = 0; i < n; i++) {
        monitor_printf(mon, "  %-26s %s\n", r[i].prefix, r[i].doc);
    }
}

static void show_help(Monitor *mon, const char *args);

static const GdbxCommand commands[] = {
    { "help", "[NOUN]", "this list, or how one of them is used", show_help },
    { "os", "[VERB ...]",
      "the guest's OS: what was found, with evidence", gdbx_mon_os,
      "  os          each feature: found and how, or not and why\n"
      "  os doctor   what is missing: the probe that failed, its address, what "
      "to do\n"
      "  os task TID what is known of a task; also os maps|files|libs|stack "
      "TID\n"
      "  os modules  modules of the kernel\n"
      "  os cost     how long it takes to find out, measured now\n"
      "  os profile BTF|- [MAP]   layouts from a raw BTF file of the guest's "
      "kernel\n"
      "              build and symbols from its System.map; `none' forgets "
      "them\n"
      "  os events KIND...        a line on gdb's console for each: switch "
      "exec fork\n"
      "              exit module-load module-unload signal printk; "
      "`off' ends it\n" },
    { "follow", "[PID|NAME|new|children|off [..]|exits on|off]",
      "processes that gdb learns of by itself", gdbx_mon_follow,
      "  PID         this process, at the next resume\n"
      "  NAME        all that run by this name (or path), and each that begins "
      "to:\n"
      "              gdb knows it before its first instruction\n"
      "  new         every process that begins a program\n"
      "  children    what the processes fork that gdb has\n"
      "  off         nothing more (`off NAME': not this); gdb keeps what it "
      "has\n"
      "  exits off   gdb is not stopped when a process ends\n"
      "Without arguments: what is followed. Gone when gdb disconnects.\n" },
    { "break", "ADDR [cr3 VALUE] [cpl 0..3] [if EXPR] | KIND ...",
      "stop at an address, whoever comes by, or at an event", gdbx_mon_break,
      "Needs nothing of the guest OS: good for firmware, boot loaders, any "
      "OS.\n"
      "  cr3 VALUE   only with this page-table root in CR3\n"
      "  cpl N       only at this privilege level: 0 kernel, 3 user\n"
      "  if EXPR     as in C, with $rax..., u32[ADDR], *(u32 *)ADDR, (s8)X\n"
      "Kinds of events are at the end of `gdbx help'; `gdbx help KIND' says "
      "more:\n"
      "  process PID, thread TID   whose; also cr3, cpl and if, as above\n"
      "  after N     the first N do not stop\n"
      "  once        the point goes when it has stopped once\n"
      "Numbers are decimal or 0x... gdb expands nothing in a monitor line; "
      "let it:\n"
      "  (gdb) eval \"monitor gdbx break %#lx cr3 %#lx\", &f, $cr3\n"
      "gdb sees a SIGTRAP, `continue' passes. Gone when gdb disconnects.\n" },
    { "log", "KIND ...", "a line on gdb's console for each event; no stop",
      gdbx_mon_log,
      "As `gdbx break KIND ...'. At the end `say \"FORMAT\", EXPR...' prints "
      "that instead\n"
      "of the event's own words, as dprintf does.\n" },
    { "count", "KIND ...", "count events for `gdbx points'; no stop",
      gdbx_mon_count },
    { "trace", "KIND ... [to FILE]|status|stop",
      "events into a file; nothing stops", gdbx_mon_trace,
      "KIND and what follows are as with gdbx break; then:\n"
      "  to FILE      the file, on the emulator's side; later traces join "
      "it\n"
      "  as FORMAT    text: a line each; binary: records; chrome: opens in\n"
      "               ui.perfetto.dev. By the name if not said: .gdbx, .json\n"
      "  lossless     a CPU waits when the file is slower; else what is too "
      "much is\n"
      "               lost, counted, and marked where it is missing\n"
      "  force        overwrite a file that is no trace\n"
      "`stop' ends it; so does gdb when it disconnects.\n" },
    { "delete", "N|all", "remove points of `gdbx break', `log', `count'",
      gdbx_mon_delete },
    { "signals", "[on|off]",
      "stop with the signal when a followed process has made a fault",
      gdbx_mon_signals,
      "Off at first. On, a fault in user mode that the guest's kernel makes a "
      "signal of\n"
      "(SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP) stops gdb as under ptrace: "
      "`handle',\n"
      "`catch signal' and $_siginfo work. `continue' delivers it (gdb keeps "
      "SIGTRAP back,\n"
      "see `info signals'); `signal 0' does not: the instruction begins anew. "
      "Another signal\n"
      "cannot be put in its place. What kill(2) sends is not reported.\n" },
    { "points", NULL, "points in the emulator, with true and false hits",
      gdbx_mon_points,
      "A row: number (`gdb' for gdb's own), address, owner, whether it is "
      "armed,\n"
      "how often its conditions were true and false, how many conditions and\n"
      "commands it has, its filters.\n" },
    { "watch", "[phys] ADDR LEN [read|write|access]",
      "stop at an access to memory, whoever makes it", gdbx_mon_watch,
      "`phys': ADDR is a physical address, and devices' DMA counts. `write' "
      "is meant\n"
      "if nothing is said; a write that changes nothing does not stop.\n"
      "gdb sees a SIGTRAP, the console says who did it. Gone when gdb "
      "disconnects.\n" },
    { "unwatch", "N|all", "remove watches of `gdbx watch'", gdbx_mon_unwatch },
    { "callstack", "[on [process PID]|off]",
      "keep record of calls and returns, for gdbx bt", gdbx_mon_callstack,
      "Of each thread of one process, or of the whole guest. Needs no debug\n"
      "information. Gone when gdb disconnects.\n" },
    { "bt", "[N]", "callers of the selected thread, from that record",
      gdbx_mon_bt },
    { "sysroot", "[DIR|none]",
      "a host directory for files that the guest has not in memory",
      gdbx_mon_sysroot,
      "A copy of the guest's root, or of parts of it. Used for files that are "
      "not found\n"
      "in the guest, and for what is missing of one that is: then only if the "
      "size and\n"
      "all that the guest has in memory are the same.\n" },
    { "threads", "[tasks|cpus]", "what the threads of the machine are",
      gdbx_mon_threads,
      "  threads tasks   every task of the guest is one too: where it sleeps in "
      "the\n"
      "                  kernel (info threads, thread apply all bt)\n"
      "  threads cpus    CPUs only, as at first\n" },
    { "kernel-symbols", "[on|off]",
      "whether gdb reads the kernel's symbols when it connects",
      gdbx_mon_kernel_symbols,
      "On at first. Off, gdb connects sooner; (gdb) file target:/gdbx/vmlinux "
      "reads\n"
      "them at any time.\n" },
    { "views", NULL, "the CPUs as 16-bit and 32-bit ones, for boot code",
      gdbx_mon_views },
    { "doctor", NULL, "settings of gdb that would help, and what the guest "
      "lacks", gdbx_mon_doctor },
    { "first-stop", NULL, "`stepi 0' was typed in inferior 1, which sends "
      "nothing", note_first_stop },
    { "time", "[hash|parts|cost|forget-page|forget-block]",
      "position in the guest's time, and its checkpoints", gdbx_mon_time,
      "  time hash   a number for the whole state of the machine: the same "
      "whenever\n"
      "              a replay is at the same place\n"
      "  time parts   the same for each device, block of RAM and map\n"
      "  time cost   what all checkpoints so far have cost, made and gone back "
      "to\n"
      "  time forget-page   for tests: the next journey back leaves a page of "
      "RAM\n"
      "              as it is, which spoils the replay\n"
      "  time forget-block   the same with a block of a disk\n" },
    { "when", "[did PID|NAME exit|exec|start [go]]",
      "where in the guest's time this is, and what stopped here",
      gdbx_mon_when,
      "`when did' asks the index, see `last'.\n" },
    { "index", "[status|on|off|build|save|clear]",
      "of what happens in a recording, made while it is replayed",
      gdbx_mon_index,
      "  on      system calls, exceptions but page faults, task switches, exec, "
      "fork, exit\n"
      "          of what is replayed from now on\n"
      "  build   the next resume replays all of the recording, and comes back\n"
      "  save    into a file beside the recording, from which it is read; done "
      "by itself\n"
      "          behind a build, and when gdb goes\n"
      "  clear   forget it\n" },
    { "last", GDBX_INDEX_PARAMS " [go]",
      "the last such event before here, from the index", gdbx_mon_last,
      "`exception' and `syscall' take the words that `break' does; `event': any "
      "kind.\n"
      "PID or NAME: the process or thread that does it; of a switch or a fork "
      "also the\n"
      "other one. `go': the next resume goes there, in front of it.\n" },
    { "next", GDBX_INDEX_PARAMS " [go]", "the same, the next one behind here",
      gdbx_mon_next },
    { "first", GDBX_INDEX_PARAMS " [go]", "the same, the first one of all",
      gdbx_mon_first },
    { "seek", GDBX_PLACE_PARAMS "|last|next|first EVENT",
      "go there in a replay, with the next resume", gdbx_mon_seek,
      "  ICOUNT      an instruction count, as `when' and $icount have it\n"
      "  PERCENT%    of the recording's instructions: 12.5%\n"
      "  +N, -N      so many instructions from here\n"
      "  last EVENT  as `last EVENT go', of the index\n"
      "gdb has to know that the machine runs, so `stepi' or `continue' performs "
      "it:\n"
      "nothing else is executed.\n" },
    { "tfind", "N [at ADDR]", "in a replay, to hit N of what is set, counted "
      "from the start", gdbx_mon_tfind,
      "Breakpoints, watchpoints and points at events that stop; `at': those "
      "breakpoints\n"
      "only. gdb's `reverse-continue' performs it.\n" },
    { "bookmark", "NAME [PLACE]|delete NAME",
      "a name for this instruction, or that one; then: seek NAME",
      gdbx_mon_bookmark,
      "PLACE as `seek' has it. Those of a recording are kept beside it.\n" },
    { "bookmarks", NULL, "the names that were given, and where they are",
      gdbx_mon_bookmarks },
    { "packets", NULL, "packets the extension handles", show_packets },
    { "hooks", NULL, "how often QEMU called each hook", show_hooks },
};

static const GdbxCommand *find(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        if (!strcmp(name, commands[i].name)) {
            return &commands[i];
        }
    }
    return NULL;
}

static void unknown(Monitor *mon, const char *name)
{
    monitor_printf(mon, "gdbx: no command '%s'; try: gdbx help\n", name);
}

void gdbx_usage(Monitor *mon, const char *name)
{
    const GdbxCommand *c = find(name);

    monitor_printf(mon, "usage: gdbx %s%s%s\n", c->name, c->params ? " " : "",
                   c->params ? c->params : "");
    if (c->more) {
        monitor_printf(mon, "%s", c->more);
    }
}

static void help_options(Monitor *mon)
{
    size_t n;
    const GdbxOption *o = gdbx_options(&n);

    monitor_printf(mon, "options, as in -gdb tcp::1234%sVALUE:\n",
                   n ? o[0].key : "");
    for (size_t i = 0; i < n; i++) {
        g_autofree char *left = g_strconcat(o[i].key + 1, o[i].params, NULL);

        monitor_printf(mon, "  %-39s %s\n", left, o[i].doc);
    }
}

/* What is new to gdb; `gdbx packets' says more of each. */
static void help_packets(Monitor *mon)
{
    size_t n, width = 0;
    const GdbxRow *r = gdbx_rows(&n);

    monitor_printf(mon, "packets:");
    for (size_t i = 0; i < n; i++) {
        if (width + strlen(r[i].prefix) > 76) {
            monitor_printf(mon, "\n        ");
            width = 0;
        }
        monitor_printf(mon, " %s", r[i].prefix);
        width += strlen(r[i].prefix) + 1;
    }
    monitor_printf(mon, "\n");
}

static void show_help(Monitor *mon, const char *args)
{
    const GdbxCommand *c;
    GdbxWord name;

    if (gdbx_next_word(&args, name)) {
        c = find(name);
        if (!c) {
            if (!gdbx_mon_help_events(mon, name)) {
                unknown(mon, name);
            }
            return;
        }
        gdbx_usage(mon, name);
        monitor_printf(mon, "%s.\n", c->doc);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        g_autofree char *left = NULL;

        c = &commands[i];
        left = g_strdup_printf("%s %s", c->name, c->params ? c->params : "");
        monitor_printf(mon, "  gdbx %-34s %s\n", left, c->doc);
    }
    gdbx_mon_help_events(mon, NULL);
    help_options(mon);
    help_packets(mon);
}

static void hmp_gdbx(Monitor *mon, const QDict *qdict)
{
    const char *name = qdict_get_try_str(qdict, "noun");
    const char *args = qdict_get_try_str(qdict, "args");
    const GdbxCommand *c = find(name ? name : "help");

    if (!gdbx.on) {
        monitor_printf(mon, "gdbx is off: start the stub (-s or -gdb) without "
                       "gdbx=off, with TCG, on a supported target\n");
    } else if (!c) {
        unknown(mon, name);
    } else if (args && !c->params) {
        gdbx_usage(mon, c->name);
    } else {
        c->run(mon, args ? args : "");
    }
}

/*
 * QEMU sends a packet for each line of a monitor's output and reads no
 * acknowledgement meanwhile: on a Unix socket both sides wait for each other
 * after 277 lines (pristine QEMU does too). Our tables may be longer, so they
 * go in few, large packets; gdb takes any size.
 */
#define CHUNK 16384

static void put_output(const char *text)
{
    g_autoptr(GString) plain = g_string_new(NULL);

    for (const char *p = text; *p; p++) {
        if (*p != '\r') {
            g_string_append_c(plain, *p);
        }
    }
    for (size_t at = 0; at < plain->len; at += CHUNK) {
        g_autoptr(GString) s = g_string_new("O");

        gdbx_append_hex(s, plain->str + at, MIN(CHUNK, plain->len - at));
        gdbx_reply(s);
    }
}

/* qRcmd: our own command only; the others are QEMU's monitor's. */
bool gdbx_pkt_monitor(const char *args)
{
    g_autoptr(GByteArray) line = g_byte_array_new();
    g_autofree char *output = NULL;
    const char *rest;
    GdbxWord word;

    if (strlen(args) % 2 || !gdbx_unhex(args, strlen(args) / 2, line)) {
        return false;
    }
    g_byte_array_append(line, (const uint8_t *)"", 1);
    rest = (const char *)line->data;
    if (!gdbx_next_word(&rest, word) || strcmp(word, "gdbx")) {
        return false;
    }
    output = qmp_human_monitor_command((const char *)line->data, false, 0,
                                       NULL);
    put_output(output ? output : "");
    gdbx_ok();
    return true;
}

static void register_command(void)
{
    monitor_register_hmp("gdbx", false, hmp_gdbx);
}

type_init(register_command);
