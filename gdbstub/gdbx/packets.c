/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets in: the table, the dispatch, the ways to answer. */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/os-stops.h"
#include "gdbstub/gdbx/output.h"
#include "gdbstub/gdbx/signals.h"
#include "gdbstub/gdbx/step.h"
#include "gdbstub/gdbx/watch.h"
#include "gdbstub/gdbx/wire.h"
#include "gdbstub/gdbx/rows.h"

static bool pkt_supported(const char *args);
static bool pkt_nothing_asked(const char *args);

/* Of a system call of the target, and none is out; QEMU would run the guest. */
static bool pkt_file_io(const char *args)
{
    gdb_put_packet("E01");
    return true;
}

/*
 * lldb sends this for whatever it has not detached from when it ends: the
 * machine is not its to kill (R13), but is let go.
 */
static bool pkt_kill_all(const char *args)
{
    gdbx_inferiors_reset();
    gdbx_points_reset();
    gdbx_watches_reset();
    gdbx.machine_detached = true;
    gdb_put_packet("E01");
    gdb_continue();
    return true;
}

static const GdbxRow rows[] = {
    { "qSupported", false, NULL, pkt_supported,
      "features of both sides" },
    { "QStartNoAckMode", true, "QStartNoAckMode+", gdbx_pkt_no_ack,
      "no acknowledgements from here on" },
    { "?", true, NULL, gdbx_pkt_query_stop,
      "why stopped; begins a session" },
    { "H", false, NULL, gdbx_pkt_set_thread,
      "select the thread of what follows" },
    { "T", false, NULL, gdbx_pkt_thread_alive,
      "does a thread exist" },
    { "qC", true, NULL, gdbx_pkt_current,
      "the selected thread" },
    { "qfThreadInfo", true, NULL, gdbx_pkt_first_threads,
      "threads of all inferiors, for clients without qXfer:threads" },
    { "qsThreadInfo", true, NULL, gdbx_pkt_more_threads, "more of them" },
    { "qThreadExtraInfo,", false, NULL, gdbx_pkt_thread_text,
      "a thread's name, for them" },
    { "qXfer:threads:read:", false, "qXfer:threads:read+", gdbx_pkt_threads,
      "threads of all inferiors, with names, CPUs and states" },
    { "qXfer:features:read:", false, NULL, gdbx_pkt_features,
      "target description of the selected inferior" },
    { "qXfer:exec-file:read:", false, "qXfer:exec-file:read+",
      gdbx_pkt_exec_file, "path of a process's executable" },
    { "qXfer:libraries:read:", false, "qXfer:libraries:read+",
      gdbx_pkt_modules, "modules of the kernel, as libraries of the machine" },
    { "qXfer:auxv:read:", false, "qXfer:auxv:read+", gdbx_pkt_auxv,
      "auxiliary vector of the selected process" },
    { "qXfer:libraries-svr4:read:", false, "qXfer:libraries-svr4:read+",
      gdbx_pkt_libraries, "shared libraries of the selected process" },
    { "qGetTLSAddr:", false, NULL, gdbx_pkt_tls,
      "where a thread has a thread-local variable" },
    { "qSymbol:", false, NULL, pkt_nothing_asked, "nothing is asked of gdb" },
    { "qOffsets", true, NULL, pkt_nothing_asked,
      "sections are where the file and auxv say" },
    { "qXfer:siginfo:read:", false, "qXfer:siginfo:read+", gdbx_pkt_siginfo,
      "what has stopped the selected thread, as a signal" },
    { "QPassSignals:", false, "QPassSignals+", gdbx_pkt_pass_signals,
      "signals that are not reported; see `gdbx signals'" },
    { "qXfer:siginfo:write:", false, NULL, gdbx_pkt_write_siginfo, "refused" },
    { "qXfer:osdata:read:", false, "qXfer:osdata:read+", gdbx_pkt_osdata,
      "tables of `info os`" },
    { "vFile:", false, NULL, gdbx_pkt_file,
      "files of the guest, its /proc, the sysroot; read only" },
    { "qRcmd,", false, NULL, gdbx_pkt_monitor, "`monitor gdbx ...'" },
    { "g", true, NULL, gdbx_pkt_read_regs, "general registers" },
    { "G", false, NULL, gdbx_pkt_write_regs, "write general registers" },
    { "p", false, NULL, gdbx_pkt_read_reg, "one register" },
    { "P", false, NULL, gdbx_pkt_write_reg, "write one register" },
    { "m", false, NULL, gdbx_pkt_read_mem, "memory" },
    { "M", false, NULL, gdbx_pkt_write_mem, "write memory" },
    { "x", false, "binary-upload+", gdbx_pkt_read_mem_binary,
      "memory, as binary data" },
    { "X", false, NULL, gdbx_pkt_write_mem_binary,
      "write memory, as binary data" },
    { "Z", false, "ConditionalBreakpoints+;BreakpointCommands+;swbreak+;hwbreak+",
      gdbx_pkt_insert, "insert a breakpoint of the selected inferior" },
    { "z", false, NULL, gdbx_pkt_remove, "remove one" },
    { "QCatchSyscalls:", false, "QCatchSyscalls+", gdbx_pkt_catch_syscalls,
      "stop at system calls of followed processes" },
    { "vCont?", true, NULL, gdbx_pkt_vcont_query, "ways to resume" },
    { "vCont;", false, NULL, gdbx_pkt_vcont, "continue or step" },
    { "vAttach;", false, NULL, gdbx_pkt_attach, "follow a guest process" },
    { "vKill;", false, NULL, gdbx_pkt_kill, "refused" },
    { "b", false, NULL, gdbx_pkt_backward, "run backwards, in a replay" },
    { "D", false, NULL, gdbx_pkt_detach, "let go of an inferior" },
    { "F", false, NULL, pkt_file_io, "refused" },
    { "k", true, NULL, pkt_kill_all, "refused; lets go of everything" },
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
    gdbx_name_machine();
    if (!gdbx.client) {
        return false;
    }
    timeline_hold_end(true);
    gdbx_doctor_client(args);
    g_string_printf(s, "PacketSize=%x;qXfer:features:read+",
                    GDBX_PACKET_MAX);
    if (timeline_status().on) {
        g_string_append(s, ";ReverseStep+;ReverseContinue+");
    }
    g_string_append(s, ";vContSupported+;multiprocess+");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].feature) {
            g_string_append_printf(s, ";%s", rows[i].feature);
        }
    }
    gdbx_events_supported(args, s);
    gdbx_reply(s);
    return true;
}

/* R16: any other answer makes gdb ask again, for each process. */
static bool pkt_nothing_asked(const char *args)
{
    gdb_put_packet("");
    return true;
}

/*
 * Of a stop that its user gets to see gdb reads the threads. An earlier Ctrl-C
 * has got its prompt then. At one that gdb only looks into (registers, memory)
 * and leaves again, as for a condition of its own, it has not.
 */
static bool gives_prompt(const char *line)
{
    return g_str_has_prefix(line, "qXfer:threads:") ||
           !strcmp(line, "qfThreadInfo") || !strcmp(line, "?");
}

/* What a packet means to us whoever handles it. */
static void note(const char *line)
{
    if (gives_prompt(line)) {
        gdbx_run.interrupted = false;
        gdbx_step_owe_nothing();
    }
    if ((*line && strchr("GPMX", *line)) || g_str_has_prefix(line, "qRcmd,")) {
        gdbx_guest_stale();
    }
    if (*line && strchr("bcCsS", *line)) {
        bool late = *line == 'b' && gdbx_run.interrupted;

        /* QEMU's own resumes; our ways back heed a Ctrl-C. */
        gdbx_run = (GdbxRun) { .scope = -1, .interrupted = late };
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

/*
 * What QEMU's own code crashes on, of a client that is left to it too: steps
 * backwards without a recording, and whatever comes behind a detach.
 */
static bool crashes_qemu(const char *line)
{
    if (*line == 'b' && !gdb_can_reverse()) {
        return gdbx_pkt_backward(line + 1);
    }
    if (gdbserver_state.c_cpu || g_str_has_prefix(line, "qSupported")) {
        return false;
    }
    gdb_put_packet("E01");
    return true;
}

/* After a refused Hg nothing may be read or set in another's name. */
static bool refuse(const char *line)
{
    if (gdbx.general.pid || !*line || !strchr("gGpPmMxXZz", *line)) {
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
    gdbx_doctor_packet(line);
    if (crashes_qemu(line)) {
        return true;
    }
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
