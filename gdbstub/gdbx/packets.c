/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets in: the table, the dispatch, the ways to answer. */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/output.h"
#include "gdbstub/gdbx/watch.h"
#include "gdbstub/gdbx/rows.h"

static bool pkt_supported(const char *args);

static const GdbxRow rows[] = {
    { "qSupported", false, NULL, pkt_supported,
      "features of both sides" },
    { "?", true, NULL, gdbx_pkt_query_stop,
      "why stopped; begins a session" },
    { "H", false, NULL, gdbx_pkt_set_thread,
      "select the thread of what follows" },
    { "T", false, NULL, gdbx_pkt_thread_alive,
      "does a thread exist" },
    { "qC", true, NULL, gdbx_pkt_current,
      "the selected thread" },
    { "qXfer:threads:read:", false, "qXfer:threads:read+", gdbx_pkt_threads,
      "threads of all inferiors, with names, CPUs and states" },
    { "qXfer:features:read:", false, NULL, gdbx_pkt_features,
      "target description of the selected inferior" },
    { "qXfer:exec-file:read:", false, "qXfer:exec-file:read+",
      gdbx_pkt_exec_file, "path of a process's executable" },
    { "qXfer:auxv:read:", false, "qXfer:auxv:read+", gdbx_pkt_auxv,
      "auxiliary vector of the selected process" },
    { "qXfer:osdata:read:", false, "qXfer:osdata:read+", gdbx_pkt_osdata,
      "tables of `info os`" },
    { "qRcmd,", false, NULL, gdbx_pkt_monitor, "`monitor gdbx ...'" },
    { "g", true, NULL, gdbx_pkt_read_regs, "general registers" },
    { "G", false, NULL, gdbx_pkt_write_regs, "write general registers" },
    { "p", false, NULL, gdbx_pkt_read_reg, "one register" },
    { "P", false, NULL, gdbx_pkt_write_reg, "write one register" },
    { "m", false, NULL, gdbx_pkt_read_mem, "memory" },
    { "M", false, NULL, gdbx_pkt_write_mem, "write memory" },
    { "Z", false, "ConditionalBreakpoints+;BreakpointCommands+;swbreak+;hwbreak+",
      gdbx_pkt_insert, "insert a breakpoint of the selected inferior" },
    { "z", false, NULL, gdbx_pkt_remove, "remove one" },
    { "vCont;", false, NULL, gdbx_pkt_vcont, "continue or step" },
    { "vAttach;", false, NULL, gdbx_pkt_attach, "follow a guest process" },
    { "vKill;", false, NULL, gdbx_pkt_kill, "refused" },
    { "b", false, NULL, gdbx_pkt_backward, "run backwards, in a replay" },
    { "D", false, NULL, gdbx_pkt_detach, "let go of an inferior" },
};

const GdbxRow *gdbx_rows(size_t *n)
{
    *n = ARRAY_SIZE(rows);
    return rows;
}

/*
 * Complete, QEMU's own features included: a client without multiprocess cannot
 * be shown what we add, so it is left to QEMU's reply and code altogether.
 */
static bool pkt_supported(const char *args)
{
    g_autoptr(GString) s = g_string_new(NULL);

    gdbx_inferiors_reset();
    gdbx_points_reset();
    gdbx_watches_reset();
    gdbx.client = strstr(args, "multiprocess+") != NULL;
    if (!gdbx.client) {
        return false;
    }
    gdbserver_state.multiprocess = true;
    g_string_printf(s, "PacketSize=%x;qXfer:features:read+",
                    MAX_PACKET_LENGTH);
    if (gdb_can_reverse()) {
        g_string_append(s, ";ReverseStep+;ReverseContinue+");
    }
    g_string_append(s, ";vContSupported+;multiprocess+");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].feature) {
            g_string_append_printf(s, ";%s", rows[i].feature);
        }
    }
    gdbx_reply(s);
    return true;
}

/* What a packet means to us whoever handles it. */
static void note(const char *line)
{
    if (*line && strchr("gmpq?", *line)) {
        /* gdb looks around: an earlier Ctrl-C met the stop it wanted. */
        gdbx_run.interrupted = false;
    }
    if ((*line && strchr("GPMX", *line)) || g_str_has_prefix(line, "qRcmd,")) {
        gdbx_guest_stale();
    }
    if (*line && strchr("bcCsS", *line)) {
        gdbx_run = (GdbxRun) { .scope = -1 };   /* QEMU's own resumes */
        gdbx.machine_quiet = false;
    }
}

/* Names of nothing, to which QEMU sends no answer at all. */
static bool nameless(const char *line)
{
    static const char *const names[] = { "v", "vCont", "q", "Q" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(line, names[i])) {
            gdb_put_packet("");
            return true;
        }
    }
    return false;
}

/* After a refused Hg nothing may be read or set in another's name. */
static bool refuse(const char *line)
{
    if (gdbx.general.pid || !*line || !strchr("gGpPmMXZz", *line)) {
        return false;
    }
    gdbx_error("no thread is selected");
    return true;
}

bool gdbx_hook_packet(const char *line)
{
    gdbx_hook_calls[GDBX_HOOK_PACKET]++;
    if (!gdbx.on || gdbserver_state.process_num != 1) {
        return false;
    }
    note(line);
    if (gdbx.client && (nameless(line) || refuse(line))) {
        return true;
    }
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const GdbxRow *r = &rows[i];
        size_t len = strlen(r->prefix);

        if ((!gdbx.client && i > 0) || strncmp(line, r->prefix, len) ||
            (r->whole && line[len])) {
            continue;
        }
        return r->handler(line + len);
    }
    return false;
}

void gdbx_ok(void)
{
    gdb_put_packet("OK");
}

void gdbx_error(const char *fmt, ...)
{
    g_autoptr(GString) s = g_string_new("E.");
    va_list ap;

    va_start(ap, fmt);
    g_string_append_vprintf(s, fmt, ap);
    va_end(ap);
    /* gdb does not unescape here, and a guest's names may be in it. */
    for (size_t i = 0; i < s->len; i++) {
        if (strchr("#$}*", s->str[i])) {
            s->str[i] = '?';
        }
    }
    gdbx_reply(s);
}

void gdbx_reply(const GString *s)
{
    gdb_put_packet_binary(s->str, s->len, true);
}

void gdbx_console(const char *fmt, ...)
{
    g_autoptr(GString) text = g_string_new(NULL);
    va_list ap;

    va_start(ap, fmt);
    g_string_append_vprintf(text, fmt, ap);
    va_end(ap);
    gdbx_output(text->str, text->len);
}
