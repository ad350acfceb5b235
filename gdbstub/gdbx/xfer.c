/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qXfer:OBJECT:read:ANNEX:OFFSET,LENGTH. gdb reads an object in pieces of
 * 4 KiB: it is made when the first is asked for and kept for the others.
 */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/rows.h"
#include "gdbstub/gdbx/wire.h"

static struct {
    char *name;          /* "object:annex:pid" */
    GString *data;
} kept;

bool gdbx_xfer(const char *object, const char *args,
               bool (*make)(const char *annex, GString *out))
{
    g_autofree char *annex = NULL;
    g_autofree char *name = NULL;
    g_autoptr(GString) reply = g_string_new(NULL);
    uint64_t offset, length;

    if (!gdbx_parse_xfer(args, &annex, &offset, &length)) {
        gdb_put_packet("E22");
        return true;
    }
    name = g_strdup_printf("%s:%s:%" PRId64, object, annex, gdbx.general.pid);
    if (!offset || g_strcmp0(name, kept.name)) {
        g_autoptr(GString) data = g_string_new(NULL);

        if (!make(annex, data)) {
            gdb_put_packet("E00");
            return true;
        }
        if (kept.data) {
            g_string_free(kept.data, true);
        }
        g_free(kept.name);
        kept.data = g_steal_pointer(&data);
        kept.name = g_steal_pointer(&name);
    }
    if (gdbx_xfer_reply(reply, kept.data->str, kept.data->len, offset, length,
                        GDBX_PACKET_MAX - 5)) {
        gdbx_reply(reply);
    } else {
        gdb_put_packet("E00");
    }
    return true;
}

char *gdbx_exe_path(int32_t pid)
{
    const OsiTask *t = gdbx_process_task(pid, NULL);
    char *path = t ? osi_exe_path(gdbx_guest(), t, NULL) : NULL;

    if (path && g_str_has_suffix(path, " (deleted)")) {
        path[strlen(path) - strlen(" (deleted)")] = 0;
    }
    return path;
}

/* Annex: the process id in hex; empty: the selected process. */
static bool make_exec_file(const char *annex, GString *out)
{
    uint64_t pid = gdbx.general.pid;
    g_autofree char *path = NULL;

    if (*annex && (!gdbx_parse_hex(&annex, &pid) || *annex)) {
        return false;
    }
    if (gdbx_is_machine(pid)) {
        if (pid == GDBX_MACHINE_PID) {
            g_string_append(out, gdbx_kernel_path() ?: "");
            gdbx_kernel_asked(out->len);
        }
        return out->len > 0;
    }
    if (pid > INT32_MAX) {
        return false;
    }
    path = gdbx_exe_path(pid);
    if (!path) {
        return false;
    }
    g_string_append(out, path);
    return true;
}

bool gdbx_pkt_exec_file(const char *args)
{
    return gdbx_xfer("exec-file", args, make_exec_file);
}

/*
 * The machine has none: an error, not an empty one, or gdb takes it for
 * uClinux and merges the address spaces of all inferiors (R10).
 */
static bool make_auxv(const char *annex, GString *out)
{
    GdbxInferior *inf = gdbx_selected();
    g_autoptr(GByteArray) auxv = NULL;
    const OsiTask *t;

    if (!inf) {
        return false;
    }
    t = gdbx_process_task(inf->pid, NULL);
    auxv = t ? osi_auxv(gdbx_guest(), t, NULL) : NULL;
    if (!auxv) {
        return false;
    }
    g_string_append_len(out, (char *)auxv->data, auxv->len);
    return true;
}

bool gdbx_pkt_auxv(const char *args)
{
    return gdbx_xfer("auxv", args, make_auxv);
}
