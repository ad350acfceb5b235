/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of threads in its older form, for clients that do not read
 * qXfer:threads (lldb): ids in pieces, and a text for each.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/rows.h"

#define IDS_IN_A_PACKET 64

static GArray *list;        /* GdbxTid: what qfThreadInfo began with */
static guint next;

static void note(int64_t pid, int64_t tid)
{
    GdbxTid id = { pid, tid };

    g_array_append_val(list, id);
}

static void note_threads(const GdbxInferior *inf)
{
    size_t n = 0;
    const OsiTask *t = osi_tasks(gdbx_guest(), &n, NULL);
    guint before = list->len;

    for (size_t i = 0; t && i < n; i++) {
        if (gdbx_is_thread(inf, &t[i])) {
            note(inf->pid, t[i].pid);
        }
    }
    if (list->len == before) {
        note(inf->pid, inf->pid);       /* exited: until gdb is told */
    }
}

bool gdbx_pkt_more_threads(const char *args)
{
    g_autoptr(GString) s = g_string_new("m");

    if (!list || next >= list->len) {
        gdb_put_packet("l");
        return true;
    }
    for (int i = 0; i < IDS_IN_A_PACKET && next < list->len; i++) {
        const GdbxTid *id = &g_array_index(list, GdbxTid, next++);

        g_string_append(s, i ? "," : "");
        gdbx_append_tid(s, id->pid, id->tid);
    }
    gdbx_reply(s);
    return true;
}

bool gdbx_pkt_first_threads(const char *args)
{
    CPUState *cs;

    if (!list) {
        list = g_array_new(false, false, sizeof(GdbxTid));
    }
    g_array_set_size(list, 0);
    next = 0;
    if (!gdbx.machine_detached) {
        CPU_FOREACH(cs) {
            note(GDBX_MACHINE_PID, gdb_get_cpu_index(cs));
        }
    }
    for (guint i = 0; i < gdbx.inferiors->len; i++) {
        note_threads(g_ptr_array_index(gdbx.inferiors, i));
    }
    return gdbx_pkt_more_threads(args);
}

/* The name of the task; QEMU leaves what it does not know unanswered. */
bool gdbx_pkt_thread_text(const char *args)
{
    g_autoptr(GString) s = g_string_new(NULL), hex = g_string_new(NULL);
    const OsiTask *t = NULL;
    CPUState *cs = NULL;
    GdbxInferior *inf;
    GdbxTid id;

    if (gdbx_parse_tid(&args, &id) && !*args && id.tid > 0) {
        inf = gdbx_inferior(id.pid);
        if (gdbx_is_machine(id.pid) || id.pid <= 0) {
            cs = gdbx_machine_cpu(id.tid);
            t = cs ? gdbx_current(cs, NULL) : NULL;
        } else if (inf && id.tid <= INT32_MAX &&
                   gdbx_has_thread(inf, id.tid)) {
            t = osi_task_by_pid(gdbx_guest(), id.tid, NULL);
        }
    }
    if (!cs && !t) {
        gdb_put_packet("E22");
        return true;
    }
    if (cs) {
        g_string_append_printf(s, "CPU#%d%s", cs->cpu_index, t ? " " : "");
    }
    g_string_append(s, t ? t->comm : "");
    gdbx_append_hex(hex, s->str, s->len);
    gdbx_reply(hex);
    return true;
}
