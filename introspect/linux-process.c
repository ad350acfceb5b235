/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a Linux process was started from and where it is: executable,
 * arguments, auxiliary vector, directories.
 */
#include "linux-paths.h"

#define ARGS_MAX        32768
#define AUXV_MAX        4096

uint64_t linux_exe_file(void *os, const OsiTask *t, OsiError *err)
{
    Linux *lx = os;
    uint64_t file;

    if (!linux_can(lx, LINUX_EXE, err)) {
        return 0;
    }
    if (t->kernel_thread || !t->mm) {
        osi_fail(err, OSI_ERR_NO_SUCH, t->object,
                 "%d (%s) has no executable: %s", t->pid, t->comm,
                 t->kernel_thread ? "a kernel thread" : "it has exited");
        return 0;
    }
    if (!linux_member(lx, t->mm, &lx->f.exe_file, &file, "mm", err)) {
        return 0;
    }
    if (!file) {
        osi_fail(err, OSI_ERR_NO_SUCH, t->mm,
                 "%d (%s) has no executable file", t->pid, t->comm);
    }
    return file;
}

char *linux_exe_path(void *os, const OsiTask *t, OsiError *err)
{
    Linux *lx = os;
    g_autoptr(LinuxNames) names = NULL;
    uint64_t file = linux_exe_file(os, t, err);

    if (!file) {
        return NULL;
    }
    names = linux_names_new(lx, t);
    return linux_file_name(names, file, err);
}

/* Outside of its own root a process is told so by getcwd(2). */
char *linux_cwd(void *os, const OsiTask *t, OsiError *err)
{
    Linux *lx = os;
    g_autoptr(LinuxNames) names = NULL;
    g_autofree char *path = NULL;
    LinuxReach reach;
    LinuxPlace p;

    if (!linux_can(lx, LINUX_EXE, err) ||
        !linux_fs_place(lx, t, &lx->f.fs_pwd_mnt, &lx->f.fs_pwd_dentry, &p,
                        err)) {
        return NULL;
    }
    names = linux_names_new(lx, t);
    path = linux_place_name(names, p, &reach, err);
    if (!path || reach == LINUX_REACH_ROOT) {
        return g_steal_pointer(&path);
    }
    return g_strconcat("(unreachable)", path, NULL);
}

/* Its own root is "/" to every process: this is the way to it from outside. */
char *linux_root_path(void *os, const OsiTask *t, OsiError *err)
{
    Linux *lx = os;
    g_autoptr(LinuxNames) names = NULL;
    LinuxPlace p;

    if (!linux_can(lx, LINUX_EXE, err) ||
        !linux_fs_place(lx, t, &lx->f.fs_root_mnt, &lx->f.fs_root_dentry, &p,
                        err)) {
        return NULL;
    }
    names = linux_names_new_top(lx);
    return linux_place_name(names, p, NULL, err);
}

/* Arguments are separated by NUL; a process may have overwritten them. */
static char *join_arguments(char *args, size_t len)
{
    while (len && !args[len - 1]) {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        if (!args[i]) {
            args[i] = ' ';
        }
    }
    args[len] = 0;
    return args;
}

char *linux_command_line(void *os, const OsiTask *t, OsiError *err)
{
    Linux *lx = os;
    uint64_t start, end, len;
    char *args;

    if (!linux_can(lx, LINUX_CMDLINE, err)) {
        return NULL;
    }
    if (t->kernel_thread || !t->mm) {
        return g_strdup_printf("[%s]", t->comm);
    }
    if (!linux_member(lx, t->mm, &lx->f.arg_start, &start, "mm", err) ||
        !linux_member(lx, t->mm, &lx->f.arg_end, &end, "mm", err)) {
        return NULL;
    }
    if (start >= end) {
        return g_strdup_printf("[%s]", t->comm);
    }
    len = MIN(end - start, ARGS_MAX);
    args = g_malloc(len + 1);
    if (!osi_read(lx->kernel.mem, t->root, start, args, len, err)) {
        g_free(args);
        return NULL;
    }
    return join_arguments(args, len);
}

/*
 * Bytes up to and with the first pair whose key is zero, 0 = none. Pairs of
 * the kernel's words: a compat process keeps pairs of 32 bits in the same
 * array; /proc reads them by 64 as well, and so ends a few zeros behind their
 * AT_NULL.
 */
static size_t auxv_bytes(const uint8_t *v, size_t len, size_t word)
{
    for (size_t at = 0; at + 2 * word <= len; at += 2 * word) {
        if (!(word == 8 ? osi_le64(v + at) : osi_le32(v + at))) {
            return at + 2 * word;
        }
    }
    return 0;
}

GByteArray *linux_auxv(void *os, const OsiTask *t, OsiError *err)
{
    Linux *lx = os;
    uint8_t v[AUXV_MAX];
    size_t len = MIN(lx->f.saved_auxv.size, sizeof(v)), used;

    if (!linux_can(lx, LINUX_AUXV, err)) {
        return NULL;
    }
    if (t->kernel_thread || !linux_is_object(lx, t->mm) || len < 16) {
        osi_fail(err, OSI_ERR_NO_SUCH, t->object,
                 "%d (%s) has no auxiliary vector", t->pid, t->comm);
        return NULL;
    }
    if (!osi_reader_read(&lx->kernel, t->mm + lx->f.saved_auxv.offset, v, len,
                         err)) {
        return NULL;
    }
    used = auxv_bytes(v, len, lx->word);
    if (!used) {
        osi_fail(err, OSI_ERR_BAD_DATA, t->mm,
                 "auxiliary vector without an end");
        return NULL;
    }
    return g_byte_array_append(g_byte_array_new(), v, used);
}

/* ---- evidence ---- */

static void row_directories(Linux *lx, GArray *rows)
{
    OsiError err;

    if (!linux_can(lx, LINUX_EXE, &err)) {
        linux_row_no(rows, "directories", &err, LINUX_FIX_TYPES);
    } else if (!lx->f.fs.size || !lx->f.fs_pwd_mnt.size) {
        osi_fail(&err, OSI_ERR_UNSUPPORTED, 0, "task_struct.fs is not known:"
                 " paths begin at the top of the mounts, not at a task's root");
        linux_row_no(rows, "directories", &err, LINUX_FIX_TYPES);
    } else {
        linux_row(rows, "directories", "task_struct.fs at %u; paths begin at"
                  " the root of each task", lx->f.fs.offset);
    }
}

static void row_libraries(Linux *lx, GArray *rows)
{
    OsiError err;

    if (linux_can(lx, LINUX_AUXV, &err) || linux_can(lx, LINUX_VMAS, &err)) {
        linux_row(rows, "libraries", "program headers to DT_DEBUG to the"
                  " dynamic linker's own list");
    } else {
        linux_row_no(rows, "libraries", &err, LINUX_FIX_TYPES);
    }
}

void linux_row_process(Linux *lx, GArray *rows)
{
    row_directories(lx, rows);
    row_libraries(lx, rows);
}
