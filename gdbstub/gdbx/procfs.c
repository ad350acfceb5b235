/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A /proc of the guest's processes, made of what introspection knows: gdb's
 * `info proc', `gcore' and the length of the vdso come from there. Of any
 * process, attached or not; the machine has none.
 */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/files.h"
#include "gdbstub/gdbx/procfs.h"

static const struct {
    const char *name;
    GdbxProcMaker make;
} made[] = {
    { "maps", gdbx_proc_maps },
    { "smaps", gdbx_proc_smaps },
    { "status", gdbx_proc_status },
    { "stat", gdbx_proc_stat },
    { "comm", gdbx_proc_comm },
    { "cmdline", gdbx_proc_cmdline },
    { "environ", gdbx_proc_environ },
    { "auxv", gdbx_proc_auxv },
    { "coredump_filter", gdbx_proc_filter },
};

static const struct {
    const char *name;
    char *(*target)(OsiGuest *g, const OsiTask *t, OsiError *err);
} links[] = {
    { "exe", osi_exe_path },
    { "cwd", osi_cwd },
    { "root", osi_root_path },
};

/* A number as the kernel takes it there: digits, no zero before them. */
static const OsiTask *take_task(const char **path)
{
    const char *end;
    const OsiTask *t;
    unsigned id;

    if (!g_ascii_isdigit(**path) || **path == '0' ||
        qemu_strtoui(*path, &end, 10, &id) || *end != '/' || id > INT32_MAX) {
        return NULL;
    }
    t = osi_task_by_pid(gdbx_guest(), id, NULL);
    *path = end + 1;
    return t;
}

/* "/proc/P/NAME" or "/proc/P/task/T/NAME": *name is its end. */
static const OsiTask *task_of(const char *path, const char **name)
{
    const OsiTask *t, *thread;

    path += strlen("/proc/");
    t = take_task(&path);
    if (t && g_str_has_prefix(path, "task/")) {
        path += strlen("task/");
        thread = take_task(&path);
        t = thread && thread->tgid == t->tgid ? thread : NULL;
    }
    *name = path;
    return t;
}

static GdbxFile *open_made(const OsiTask *t, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
        g_autoptr(GString) text = NULL;

        if (strcmp(name, made[i].name)) {
            continue;
        }
        text = g_string_new(NULL);
        return made[i].make(gdbx_guest(), t, text)
               ? gdbx_file_new(g_steal_pointer(&text), OSI_MODE_REGULAR | 0444)
               : NULL;
    }
    return NULL;
}

static GdbxFile *proc_open(int32_t pid, const char *path, int *err)
{
    const char *name;
    const OsiTask *t = task_of(path, &name);
    g_autofree char *exe = NULL;
    GdbxFile *f = t ? open_made(t, name) : NULL;

    if (!f && t && !strcmp(name, "exe")) {
        exe = osi_exe_path(gdbx_guest(), t, NULL);
        if (exe) {
            if (g_str_has_suffix(exe, " (deleted)")) {
                exe[strlen(exe) - strlen(" (deleted)")] = 0;
            }
            return gdbx_files_guest.open(t->tgid, exe, err);
        }
    }
    *err = GDBX_ENOENT;
    return f;
}

static char *proc_readlink(int32_t pid, const char *path, int *err)
{
    const char *name;
    const OsiTask *t = task_of(path, &name);

    *err = GDBX_ENOENT;
    for (size_t i = 0; t && i < ARRAY_SIZE(links); i++) {
        if (!strcmp(name, links[i].name)) {
            return links[i].target(gdbx_guest(), t, NULL);
        }
    }
    return NULL;
}

const GdbxFileSource gdbx_files_proc = {
    "/proc/", true, proc_open, proc_readlink
};
