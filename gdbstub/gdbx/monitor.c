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
#include "replay/timeline.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/rows.h"

static void show_os(Monitor *mon, const char *args)
{
    OsiGuest *g;
    const OsiFeature *f;
    const char *name;
    size_t n = 0;

    if (runstate_is_running()) {
        monitor_printf(mon, "the guest is running; stop it first\n");
        return;
    }
    g = gdbx_guest();
    f = osi_guest_features(g, &n);
    name = osi_guest_name(g);
    monitor_printf(mon, "guest OS: %s\n", name ? name : "none recognised");
    for (size_t i = 0; i < n; i++) {
        monitor_printf(mon, "  %-12s %-3s %s\n", f[i].name,
                       f[i].ok ? "ok" : "no", f[i].text);
    }
}

static void show_time(Monitor *mon, const char *args)
{
    TimelineMark now = timeline_now();

    monitor_printf(mon, "%s", timeline_mode_name(now.mode));
    if (now.mode == TIMELINE_LIVE) {
        monitor_printf(mon, ": instructions are not counted (-icount "
                       "shift=auto counts them)\n");
        return;
    }
    monitor_printf(mon, ": instruction %" PRIu64 "%s%s\n", now.icount,
                   now.file ? " of " : "", now.file ? now.file : "");
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
    { "os", NULL, "what was found of the guest OS, with evidence", show_os },
    { "break", "ADDR [cr3 VALUE] [cpl 0..3]",
      "stop at an address, whoever comes by", gdbx_mon_break,
      "Needs nothing of the guest OS: good for firmware, boot loaders, any "
      "OS.\n"
      "  cr3 VALUE   only with this page-table root in CR3\n"
      "  cpl N       only at this privilege level: 0 kernel, 3 user\n"
      "Numbers are decimal or 0x... gdb expands nothing in a monitor line; "
      "let it:\n"
      "  (gdb) eval \"monitor gdbx break %#lx cr3 %#lx\", &f, $cr3\n"
      "gdb sees a SIGTRAP, `continue' passes. Gone when gdb disconnects.\n" },
    { "delete", "N|all", "remove points of `gdbx break'", gdbx_mon_delete },
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
    { "time", NULL, "position in the guest's time", show_time },
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
}

static void show_help(Monitor *mon, const char *args)
{
    const GdbxCommand *c;
    GdbxWord name;

    if (gdbx_next_word(&args, name)) {
        c = find(name);
        if (!c) {
            unknown(mon, name);
            return;
        }
        gdbx_usage(mon, name);
        monitor_printf(mon, "%s.\n%s", c->doc, c->more ? c->more : "");
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        g_autofree char *left = NULL;

        c = &commands[i];
        left = g_strdup_printf("%s %s", c->name, c->params ? c->params : "");
        monitor_printf(mon, "  gdbx %-34s %s\n", left, c->doc);
    }
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
