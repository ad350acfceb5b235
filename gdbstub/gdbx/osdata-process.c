/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `info os' tables of a process: mappings, open files, libraries. */
#include "qemu/osdep.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/osdata.h"

static void map_row(GString *out, const OsiVma *v)
{
    gdbx_os_item(out);
    gdbx_os_column(out, "start", "0x%" PRIx64, v->start);
    gdbx_os_column(out, "end", "0x%" PRIx64, v->end);
    gdbx_os_column(out, "rights", "%c%c%c%c",
                   v->rights & OSI_READ ? 'r' : '-',
                   v->rights & OSI_WRITE ? 'w' : '-',
                   v->rights & OSI_EXEC ? 'x' : '-',
                   v->rights & OSI_SHARED ? 's' : 'p');
    gdbx_os_column(out, "offset", "0x%" PRIx64, v->offset);
    gdbx_os_column(out, "device", "%02x:%02x", v->dev_major, v->dev_minor);
    gdbx_os_column(out, "inode", "%" PRIu64, v->inode);
    gdbx_os_column(out, "path", "%s", v->path ? v->path : "");
    gdbx_os_end(out);
}

bool gdbx_os_maps(GString *out, const char *args)
{
    OsiError err = { 0 };
    bool understood;
    const OsiTask *t = gdbx_os_task(out, args, &understood);
    const OsiVma *v;
    size_t n = 0;

    if (!t) {
        return understood;
    }
    v = osi_vmas(gdbx_guest(), t, &n, &err);
    if (!v) {
        gdbx_os_reason(out, err.message);
    }
    for (size_t i = 0; i < n && !gdbx_os_late(out); i++) {
        map_row(out, &v[i]);
    }
    return true;
}

/* @f NULL: why there is none is said instead of a path. */
static void file_row(GString *out, const OsiTask *t, const OsiFile *f,
                     const char *path)
{
    gdbx_os_item(out);
    gdbx_os_column(out, "pid", "%d", t->tgid);
    gdbx_os_column(out, "name", "%s", t->comm);
    gdbx_os_column(out, "fd", f ? "%d" : "?", f ? f->fd : 0);
    gdbx_os_column(out, "position", f ? "%" PRIu64 : "?", f ? f->pos : 0);
    gdbx_os_column(out, "flags", f ? "0%o" : "?", f ? f->flags : 0);
    gdbx_os_column(out, "inode", f ? "%" PRIu64 : "?", f ? f->inode : 0);
    gdbx_os_column(out, "path", "%s", path);
    gdbx_os_end(out);
}

static void files_of(GString *out, const OsiTask *t)
{
    OsiError err = { 0 };
    size_t n = 0;
    const OsiFile *f = osi_files(gdbx_guest(), t, &n, &err);

    if (!f && err.kind) {
        file_row(out, t, NULL, err.message);
    }
    for (size_t i = 0; i < n; i++) {
        file_row(out, t, &f[i], f[i].path ? f[i].path : "?");
    }
}

/* Of processes: threads share them as a rule, kernel threads have none. */
static void files_of_all(GString *out)
{
    OsiError err = { 0 };
    size_t n = 0;
    const OsiTask *t = osi_tasks(gdbx_guest(), &n, &err);

    if (!t) {
        gdbx_os_reason(out, err.message);
    }
    for (size_t i = 0; i < n; i++) {
        if (!t[i].pid || t[i].pid != t[i].tgid || t[i].kernel_thread) {
            continue;
        }
        if (gdbx_os_late(out)) {
            return;
        }
        files_of(out, &t[i]);
    }
}

bool gdbx_os_files(GString *out, const char *args)
{
    const char *rest = args;
    const OsiTask *t;
    bool understood;
    GdbxWord word;

    if (!gdbx_next_word(&rest, word)) {
        files_of_all(out);
        return true;
    }
    t = gdbx_os_task(out, args, &understood);
    if (t) {
        files_of(out, t);
    }
    return understood;
}

bool gdbx_os_libs(GString *out, const char *args)
{
    OsiError err = { 0 };
    bool understood;
    const OsiTask *t = gdbx_os_task(out, args, &understood);
    const OsiLibrary *l;
    size_t n = 0;

    if (!t) {
        return understood;
    }
    l = osi_libraries(gdbx_guest(), t, &n, &err);
    if (!l) {
        gdbx_os_reason(out, err.message);
    }
    for (size_t i = 0; i < n; i++) {
        gdbx_os_item(out);
        gdbx_os_column(out, "base", "0x%" PRIx64, l[i].base);
        gdbx_os_column(out, "dynamic", "0x%" PRIx64, l[i].dynamic);
        gdbx_os_column(out, "linkmap", "0x%" PRIx64, l[i].link_map);
        gdbx_os_column(out, "namespace", "0x%" PRIx64, l[i].space);
        gdbx_os_column(out, "path", "%s", *l[i].name ? l[i].name : i
                       ? "(the vdso)" : "(the program)");
        gdbx_os_end(out);
    }
    return true;
}
