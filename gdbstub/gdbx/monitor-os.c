/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx os ...': what is known of the guest's OS, what is not and why,
 * profiles, and a line on gdb's console for what it does.
 */
#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include "monitor/monitor.h"
#include "hw/core/cpu.h"
#include "system/runstate.h"
#include "replay/timeline.h"
#include "gdbstub/os-events.h"
#include "gdbstub/gdbx/back.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/monitor.h"
#include "gdbstub/gdbx/output.h"

#define INDENT "                   "

/* ---- what was found ---- */

#define WIDTH 100

/* Text of any length in lines of their own, behind what stands already. */
static void fold(Monitor *mon, const char *text)
{
    size_t room = WIDTH - strlen(INDENT) - 4;

    while (strlen(text) > room) {
        size_t n = room;

        while (n && text[n] != ' ') {
            n--;
        }
        if (!n) {
            break;
        }
        monitor_printf(mon, "%.*s\n" INDENT "    ", (int)n, text);
        text += n + 1;
    }
    monitor_printf(mon, "%s\n", text);
}

static bool stands_still(Monitor *mon)
{
    if (runstate_is_running()) {
        monitor_printf(mon, "the guest is running; stop it first\n");
        return false;
    }
    return true;
}

static void show_os(Monitor *mon)
{
    OsiGuest *g = gdbx_guest();
    const char *name = osi_guest_name(g);
    size_t n = 0, missing = 0;
    const OsiFeature *f = osi_guest_features(g, &n);

    monitor_printf(mon, "guest OS: %s\n", name ? name : "none recognised");
    for (size_t i = 0; i < n; i++) {
        monitor_printf(mon, "  %-17s%-3s ", f[i].name,
                       f[i].ok ? "ok" : "no");
        fold(mon, f[i].text);
        missing += !f[i].ok;
    }
    if (missing) {
        monitor_printf(mon, "`monitor gdbx os doctor' says what would help.\n");
    }
}

static void show_doctor(Monitor *mon)
{
    size_t n = 0, missing = 0;
    const OsiFeature *f = osi_guest_features(gdbx_guest(), &n);

    for (size_t i = 0; i < n; i++) {
        if (f[i].ok) {
            continue;
        }
        missing++;
        monitor_printf(mon, "  %-17s", f[i].name);
        fold(mon, f[i].text);
        if (f[i].address) {
            monitor_printf(mon, INDENT "at 0x%" PRIx64 "\n", f[i].address);
        }
        if (f[i].fix[0]) {
            monitor_printf(mon, INDENT "to do: %s\n", f[i].fix);
        }
    }
    if (!missing) {
        monitor_printf(mon, "nothing is missing\n");
    }
}

/* ---- what it costs ---- */

#define MS(from, to) (((to) - (from)) / 1000.0)

/* The process with most mappings, and how many. */
static const OsiTask *largest(OsiGuest *g, size_t *n_vmas)
{
    const OsiTask *t, *best = NULL;
    size_t n = 0, k;

    *n_vmas = 0;
    t = osi_tasks(g, &n, NULL);
    for (size_t i = 0; t && i < n; i++) {
        if (t[i].pid == t[i].tgid && !t[i].kernel_thread &&
            osi_vmas(g, &t[i], &k, NULL) && k > *n_vmas) {
            *n_vmas = k;
            best = &t[i];
        }
    }
    return best;
}

static void show_cost(Monitor *mon)
{
    g_autoptr(GArray) cpus = NULL;
    gint64 start = g_get_monotonic_time(), found, at[3];
    OsiGuest *g = gdbx_guest_anew(&cpus);
    const OsiTask *t;
    size_t n = 0, vmas;
    int32_t pid;
    OsiError err;

    if (!osi_guest_detect(g, &err)) {
        monitor_printf(mon, "gdbx: %s\n", err.message);
        osi_guest_free(g);
        return;
    }
    found = g_get_monotonic_time();
    t = largest(g, &vmas);
    pid = t ? t->pid : 0;
    osi_guest_stopped(g, (OsiCpu *)cpus->data, cpus->len);
    at[0] = g_get_monotonic_time();
    osi_tasks(g, &n, NULL);
    at[1] = g_get_monotonic_time();
    t = pid ? osi_task_by_pid(g, pid, NULL) : NULL;
    if (t) {
        osi_vmas(g, t, &vmas, NULL);
    }
    at[2] = g_get_monotonic_time();
    monitor_printf(mon, "detection   %.1f ms\n", MS(start, found));
    monitor_printf(mon, "tasks       %.2f ms for %zu\n", MS(at[0], at[1]), n);
    if (t) {
        monitor_printf(mon, "mappings    %.2f ms for %zu with paths, of %d %s"
                       "\n", MS(at[1], at[2]), vmas, t->pid, t->comm);
    }
    osi_guest_free(g);
}

/* ---- profiles ---- */

static bool load(Monitor *mon, const char *path, char **text, gsize *len)
{
    g_autoptr(GError) e = NULL;
    GStatBuf st;

    if (!g_stat(path, &st) && (!S_ISREG(st.st_mode) ||
                               st.st_size > OSI_PROFILE_MAX)) {
        monitor_printf(mon, "gdbx: %s is no file of a profile's size\n", path);
        return false;
    }
    if (g_file_get_contents(path, text, len, &e)) {
        return true;
    }
    monitor_printf(mon, "gdbx: %s\n", e->message);
    return false;
}

static const OsiFeature *feature(const char *name)
{
    size_t n = 0;
    const OsiFeature *f = osi_guest_features(gdbx_guest(), &n);

    for (size_t i = 0; i < n; i++) {
        if (!strcmp(f[i].name, name)) {
            return &f[i];
        }
    }
    return NULL;
}

static void set_profile(Monitor *mon, const char *args)
{
    g_autofree char *types = NULL, *symbols = NULL;
    gsize types_len = 0, symbols_len = 0;
    const OsiFeature *f;
    char path[2][1024];
    OsiError err;
    int n = 0;

    while (n < 2 && gdbx_next_path(&args, path[n], sizeof(path[n]))) {
        n++;
    }
    if (!n || gdbx_next_path(&args, path[1], sizeof(path[1]))) {
        gdbx_usage(mon, "os");
        return;
    }
    if (n == 1 && !strcmp(path[0], "none")) {
        osi_guest_profile(gdbx_guest(), NULL, 0, NULL, 0, NULL);
        monitor_printf(mon, "no profile\n");
        return;
    }
    if ((strcmp(path[0], "-") && !load(mon, path[0], &types, &types_len)) ||
        (n > 1 && !load(mon, path[1], &symbols, &symbols_len))) {
        return;
    }
    if (!osi_guest_profile(gdbx_guest(), (uint8_t *)types, types_len, symbols,
                           symbols_len, &err)) {
        monitor_printf(mon, "gdbx: %s\n", err.message);
        return;
    }
    f = feature("profile");
    monitor_printf(mon, "profile: %s\n", f ? f->text
                   : "kept until the guest has an OS");
}

/* ---- events ---- */

static GdbxOsSubscription *subscription;
static unsigned shown;

static void G_GNUC_PRINTF(1, 2) say(const char *fmt, ...)
{
    g_autofree char *line = NULL;
    va_list ap;

    va_start(ap, fmt);
    line = g_strdup_vprintf(fmt, ap);
    va_end(ap);
    gdbx_output(line, strlen(line));
}

/* As a shell would put it. */
static char *status_text(int32_t code)
{
    return code & 0x7f
        ? g_strdup_printf("signal %d%s", code & 0x7f,
                          code & 0x80 ? ", core dumped" : "")
        : g_strdup_printf("status %d", code >> 8 & 0xff);
}

static void say_event(CPUState *cs, const OsiEvent *ev)
{
    g_autofree char *status = NULL;
    int cpu = cs->cpu_index;

    switch (ev->kind) {
    case OSI_EVENT_SWITCH:
        say("gdbx: CPU#%d switch %d %s -> %d %s\n", cpu, ev->pid, ev->name,
            ev->to_pid, ev->to_name);
        break;
    case OSI_EVENT_EXEC:
        say("gdbx: CPU#%d exec %d %s entry 0x%" PRIx64 "\n", cpu, ev->pid,
            ev->name, ev->address);
        break;
    case OSI_EVENT_FORK:
        say("gdbx: CPU#%d fork %d %s -> %s %d\n", cpu, ev->to_pid, ev->to_name,
            ev->pid == ev->tgid ? "process" : "thread", ev->pid);
        break;
    case OSI_EVENT_EXIT:
        status = status_text(ev->code);
        say("gdbx: CPU#%d exit %s %d %s %s\n", cpu, ev->last ? "process"
            : "thread", ev->last ? ev->tgid : ev->pid, ev->name, status);
        break;
    case OSI_EVENT_MODULE_LOAD:
    case OSI_EVENT_MODULE_UNLOAD:
        say("gdbx: CPU#%d %s %s at 0x%" PRIx64 "\n", cpu,
            osi_event_name(ev->kind), ev->name, ev->address);
        break;
    case OSI_EVENT_SIGNAL:
        say("gdbx: CPU#%d signal %d to %d %s code %d address 0x%" PRIx64 "\n",
            cpu, ev->signal, ev->pid, ev->name, ev->code, ev->address);
        break;
    case OSI_EVENT_PRINTK:
        say("gdbx: CPU#%d printk <%d> %s\n", cpu, ev->level, ev->line);
        break;
    default:
        break;
    }
}

static void show_event(void *opaque, CPUState *cs, const OsiEvent *ev)
{
    GdbxInstant at;

    if (!timeline_busy()) {
        say_event(cs, ev);
        return;
    }
    at = gdbx_instant_point(gdbx.arch->pc(cs),
                            gdbx_icount_at(cs, gdbx_os_event_ra()));
    if (gdbx_back_passes(at)) {
        gdbx_back_say(at);
        say_event(cs, ev);
        gdbx_back_said();
    }
}

static void say_missing(Monitor *mon)
{
    OsiError err;

    for (int i = 0; i < OSI_EVENT_KINDS; i++) {
        if ((shown >> i & 1) && gdbx_os_event_why(i, &err)) {
            monitor_printf(mon, "  %s: not yet: %s\n", osi_event_name(i),
                           err.message);
        }
    }
}

static void show_events(Monitor *mon)
{
    if (!shown) {
        monitor_printf(mon, "no events are shown\n");
        return;
    }
    monitor_printf(mon, "events on gdb's console:");
    for (int i = 0; i < OSI_EVENT_KINDS; i++) {
        if (shown >> i & 1) {
            monitor_printf(mon, " %s", osi_event_name(i));
        }
    }
    monitor_printf(mon, "\n");
    say_missing(mon);
    if (gdbx_os_events_unread()) {
        monitor_printf(mon, "  could not be read: %" PRIu64 "\n",
                       gdbx_os_events_unread());
    }
}

void gdbx_mon_os_reset(void)
{
    if (subscription) {
        gdbx_os_unsubscribe(subscription);
    }
    subscription = NULL;
    shown = 0;
}

/* False: @word names no event. */
static bool add_kind(const char *word, unsigned *kinds)
{
    if (!strcmp(word, "all")) {
        *kinds = (1u << OSI_EVENT_KINDS) - 1;
        return true;
    }
    for (int i = 0; i < OSI_EVENT_KINDS; i++) {
        if (!strcmp(word, osi_event_name(i))) {
            *kinds |= 1u << i;
            return true;
        }
    }
    return false;
}

static void set_events(Monitor *mon, const char *args)
{
    unsigned kinds = 0;
    bool off = false;
    GdbxWord word;

    if (!*args) {
        show_events(mon);
        return;
    }
    while (gdbx_next_word(&args, word)) {
        if (!strcmp(word, "off")) {
            off = true;
        } else if (!add_kind(word, &kinds)) {
            monitor_printf(mon, "gdbx: no event '%s'; there are: switch exec "
                           "fork exit module-load module-unload signal "
                           "printk all\n", word);
            return;
        }
    }
    if (off == (kinds != 0)) {
        gdbx_usage(mon, "os");
        return;
    }
    if (!gdbx.client) {
        monitor_printf(mon, "gdbx: no gdb is connected that could be told\n");
        return;
    }
    gdbx_mon_os_reset();
    if (kinds) {
        shown = kinds;
        subscription = gdbx_os_subscribe(kinds, show_event, NULL);
    }
    show_events(mon);
}

/* ---- the command ---- */

void gdbx_mon_os(Monitor *mon, const char *args)
{
    GdbxWord verb;

    if (!gdbx_next_word(&args, verb)) {
        if (stands_still(mon)) {
            show_os(mon);
        }
    } else if (!strcmp(verb, "doctor") && !*args) {
        if (stands_still(mon)) {
            show_doctor(mon);
        }
    } else if (!strcmp(verb, "cost") && !*args) {
        if (stands_still(mon)) {
            show_cost(mon);
        }
    } else if (!strcmp(verb, "profile")) {
        if (stands_still(mon)) {
            set_profile(mon, args);
        }
    } else if (!strcmp(verb, "events")) {
        set_events(mon, args);
    } else if (runstate_is_running()) {
        stands_still(mon);
    } else if (!gdbx_mon_os_show(mon, verb, args)) {
        gdbx_usage(mon, "os");
    }
}
