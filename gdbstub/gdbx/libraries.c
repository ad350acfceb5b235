/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What gdb asks of a process's dynamic linker: its libraries, and where their
 * thread-local variables are.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/rows.h"

static void library_row(GString *out, const OsiLibrary *l)
{
    g_string_append(out, "  <library name=\"");
    gdbx_append_xml(out, l->name);
    g_string_append_printf(out, "\" lm=\"0x%" PRIx64 "\" l_addr=\"0x%" PRIx64
                           "\" l_ld=\"0x%" PRIx64 "\" lmid=\"0x%" PRIx64
                           "\"/>\n", l->link_map, l->base, l->dynamic,
                           l->space);
}

/*
 * As gdb's own walk has it: without the executable, which comes first, and
 * without what has no file (the vDSO). An error, never an empty list, where
 * there is none: gdb takes an empty one for the truth and forgets libraries
 * that it knows; after an error it looks for itself.
 */
static bool make_libraries(const char *annex, GString *out)
{
    GdbxInferior *inf = gdbx_selected();
    OsiGuest *g = gdbx_guest();
    const OsiTask *t = inf && !inf->gone
                       ? osi_task_by_pid(g, inf->pid, NULL) : NULL;
    const OsiLibrary *l;
    size_t n;

    l = t ? osi_libraries(g, t, &n, NULL) : NULL;
    if (!l || !n) {
        return false;
    }
    g_string_append_printf(out, "<library-list-svr4 version=\"1.0\" "
                           "main-lm=\"0x%" PRIx64 "\">\n", l[0].link_map);
    for (size_t i = 1; i < n; i++) {
        if (*l[i].name) {
            library_row(out, &l[i]);
        }
    }
    g_string_append(out, "</library-list-svr4>\n");
    return true;
}

bool gdbx_pkt_libraries(const char *args)
{
    return gdbx_xfer("libraries-svr4", args, make_libraries);
}

/* qGetTLSAddr:pPID.TID,OFFSET,LINK_MAP */
static bool parse_tls(const char *args, GdbxTid *tid, uint64_t *offset,
                      uint64_t *link_map)
{
    return gdbx_parse_tid(&args, tid) && *args++ == ',' &&
           gdbx_parse_hex(&args, offset) && *args++ == ',' &&
           gdbx_parse_hex(&args, link_map) && !*args;
}

static bool find_variable(const GdbxInferior *inf, const GdbxTid *tid,
                          uint64_t offset, uint64_t link_map, uint64_t *va,
                          OsiError *err)
{
    OsiGuest *g = gdbx_guest();
    const OsiTask *t = osi_task_by_pid(g, tid->tid, err);
    GdbxThread thread;
    GdbxSaved saved;
    uint64_t tp, block;

    if (!t || !gdbx_user_thread(inf, tid->tid, &thread, &saved, err)) {
        return false;
    }
    tp = gdbx.arch->thread_pointer(&thread);
    if (!tp) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "the thread pointer of %d is "
                        "not set, or not known", (int)tid->tid);
    }
    if (!osi_tls_block(g, t, tp, link_map, &block, err)) {
        return false;
    }
    *va = block + offset;
    return true;
}

bool gdbx_pkt_tls(const char *args)
{
    g_autoptr(GString) out = g_string_new(NULL);
    uint64_t offset, link_map, va = 0;
    const GdbxInferior *inf;
    OsiError err = { 0 };
    GdbxTid tid;

    if (!parse_tls(args, &tid, &offset, &link_map)) {
        gdb_put_packet("E22");
        return true;
    }
    inf = gdbx_inferior(tid.pid);
    if (!inf || inf->gone || !gdbx_has_thread(inf, tid.tid)) {
        gdbx_error("no such thread of a process");
    } else if (!find_variable(inf, &tid, offset, link_map, &va, &err)) {
        gdbx_error("%s", err.message);
    } else {
        g_string_printf(out, "%" PRIx64,
                        inf->compat32 ? (uint32_t)va : va);
        gdbx_reply(out);
    }
    return true;
}
