/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Open files of a process: the table of struct files_struct. It is read while
 * the guest stands still in the midst of anything; like readers under RCU this
 * follows the table that is published, whole or not yet.
 */
#include "linux-block.h"
#include "linux-paths.h"

#define FDS_MAX     1048576     /* the usual fs.nr_open */
#define CHUNK       512         /* pointers read at once */
#define O_CLOEXEC   02000000u   /* of x86 */

typedef struct Table {
    uint64_t max, fd, cloexec;
} Table;

static bool table_of(Linux *lx, const OsiTask *t, Table *tab, OsiError *err)
{
    const LinuxFields *f = &lx->f;
    const OsiField *const want[] = { &f->fdt_max, &f->fdt_fd, &f->fdt_cloexec };
    uint64_t files, fdt;
    LinuxBlock b;

    if (!linux_member(lx, t->object, &f->task_files, &files, "task", err)) {
        return false;
    }
    if (!files) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->object,
                        "%d (%s) has no open files: %s", t->pid, t->comm,
                        t->kernel_thread ? "a kernel thread" : "it has exited");
    }
    if (!linux_member(lx, files, &f->fdt, &fdt, "files_struct", err) ||
        !linux_block_read(lx, &b, fdt, want, G_N_ELEMENTS(want), "fdtable",
                          err)) {
        return false;
    }
    *tab = (Table) { linux_block(&b, &f->fdt_max), linux_block(&b, &f->fdt_fd),
                     linux_block(&b, &f->fdt_cloexec) };
    if (tab->max > FDS_MAX || !linux_is_object(lx, tab->fd)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, fdt, "table of %" PRIu64
                        " files at 0x%" PRIx64, tab->max, tab->fd);
    }
    return true;
}

static bool closes_on_exec(Linux *lx, const Table *tab, unsigned fd)
{
    uint64_t word;

    return tab->cloexec &&
           osi_reader_uint(&lx->kernel, tab->cloexec + fd / 8, 1, &word, NULL)
           && (word >> fd % 8 & 1);
}

static bool add(LinuxNames *names, Linux *lx, const Table *tab, unsigned fd,
                uint64_t file, GArray *out, OsiError *err)
{
    const LinuxFields *f = &lx->f;
    const OsiField *const want[] = { &f->file_pos, &f->file_flags,
                                     &f->file_inode };
    OsiFile row = { .fd = fd, .object = file };
    uint64_t inode;
    LinuxBlock b;

    if (!linux_block_read(lx, &b, file, want, G_N_ELEMENTS(want), "file",
                          err)) {
        return false;
    }
    row.path = linux_file_name(names, file, err);
    if (!row.path) {
        return false;
    }
    row.pos = linux_block(&b, &f->file_pos);
    row.flags = (linux_block(&b, &f->file_flags) & ~O_CLOEXEC) |
                (closes_on_exec(lx, tab, fd) ? O_CLOEXEC : 0);
    inode = linux_block(&b, &f->file_inode);
    if (!inode || !linux_member(lx, inode, &f->i_ino, &row.inode, "inode",
                                NULL)) {
        row.inode = 0;
    }
    g_array_append_val(out, row);
    return linux_names_room(names, row.path, file, err);
}

bool linux_files(void *os, const OsiTask *t, GArray *out, OsiError *err)
{
    Linux *lx = os;
    g_autoptr(LinuxNames) names = NULL;
    uint8_t raw[CHUNK * 8];
    Table tab = { 0 };

    if (!linux_can(lx, LINUX_FILES, err) || !linux_can(lx, LINUX_EXE, err) ||
        !table_of(lx, t, &tab, err)) {
        return false;
    }
    names = linux_names_new(lx, t);
    for (unsigned at = 0; at < tab.max; at += CHUNK) {
        unsigned n = MIN(CHUNK, tab.max - at);

        if (!osi_reader_read(&lx->kernel, tab.fd + (uint64_t)at * lx->word,
                             raw, n * lx->word, err)) {
            return false;
        }
        for (unsigned i = 0; i < n; i++) {
            uint64_t file = linux_word(lx, raw + i * lx->word);

            if (file && !add(names, lx, &tab, at + i, file, out, err)) {
                return false;
            }
        }
    }
    return true;
}
