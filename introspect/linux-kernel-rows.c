/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel side of the Linux provider: lifetime and evidence. */
#include "linux-threads.h"

/* A full distribution has some 20 MiB of module symbols. */
#define MODULES_KEPT_MAX (256ull << 20)
/* A vote of fewer may be of one task that just begins: ask again later. */
#define VOTERS_ENOUGH 8

bool linux_keep(Linux *lx, uint64_t bytes, OsiError *err)
{
    if (bytes > MODULES_KEPT_MAX - lx->modules_kept) {
        return osi_fail(err, OSI_ERR_LIMIT, 0, "more than %llu MiB of symbols"
                        " and tables of modules", MODULES_KEPT_MAX >> 20);
    }
    lx->modules_kept += bytes;
    return true;
}

void linux_kernel_forget(Linux *lx)
{
    g_clear_pointer(&lx->modules, g_ptr_array_unref);
    lx->modules_kept = 0;
    if (lx->frame.voters < VOTERS_ENOUGH) {
        lx->frame = (LinuxFrame) { 0 };
    }
    if (lx->unwind && lx->unwind->fp_voters < VOTERS_ENOUGH) {
        lx->unwind->fp_voters = lx->unwind->fp_votes = 0;
    }
    lx->modules_note.kind = OSI_OK;
    /* A table that is not sorted yet may be so at the next stop. */
    lx->unwind_tried = false;
    if (lx->note) {
        lx->note->tried = false;
    }
}

void linux_kernel_free(Linux *lx)
{
    g_clear_pointer(&lx->modules, g_ptr_array_unref);
    if (lx->unwind) {
        g_free(lx->unwind->bytes);
        g_clear_pointer(&lx->unwind, g_free);
    }
    if (lx->note) {
        g_free(lx->note->text);
        g_clear_pointer(&lx->note, g_free);
    }
}

static void row_switch(Linux *lx, GArray *rows)
{
    OsiError err;

    if (!linux_can(lx, LINUX_SWITCH_FRAME, &err)) {
        linux_row_no(rows, "kernel-registers", &err, LINUX_FIX_TYPES);
    } else if (lx->f.switch_bytes) {
        linux_row(rows, "kernel-registers", "inactive_task_frame of %u bytes"
                  " at thread.sp", lx->f.switch_bytes);
    } else {
        linux_row(rows, "kernel-registers", "the frame at thread.sp, told by"
                  " its return address");
    }
}

static void row_orc(const LinuxUnwind *u, GArray *rows)
{
    char hash[9] = "";

    for (int i = 0; u->has_hash && i < 4; i++) {
        g_snprintf(hash + 2 * i, 3, "%02x", u->hash[i]);
    }
    linux_row(rows, "kernel-stack", "ORC: %zu entries of %u bytes at 0x%"
              PRIx64 ", layout %s; %s, by frequency%s%s%s", u->orc.n,
              u->layout.size, u->orc.ip_va, u->from_types
              ? "from the kernel's types" : "as once known",
              u->coding.name, u->agrees > 0 ? ", orc_fp_entry agrees"
              : u->agrees ? "" : ", orc_fp_entry DISAGREES",
              u->has_hash ? "; header " : "", hash);
}

static void row_stack(Linux *lx, GArray *rows)
{
    const LinuxUnwind *u = linux_unwind(lx);

    if (u->bytes) {
        row_orc(u, rows);
    } else if (linux_frame_pointers(lx)) {
        linux_row(rows, "kernel-stack", "frame pointers: %d of %d sleeping"
                  " tasks' chains reach the top of their stack (no ORC)",
                  u->fp_votes, u->fp_voters);
    } else {
        linux_row_no(rows, "kernel-stack", &u->why, "frames are guessed from"
                     " the words on the stack; a System.map in a profile may"
                     " name the tables");
    }
}

/* fs and gs of threads off the CPU. */
static void row_bases(Linux *lx, GArray *rows)
{
    OsiError err;

    if (!linux_can(lx, LINUX_REGS, &err)) {
        linux_row_no(rows, "thread-base", &err, LINUX_FIX_TYPES);
    } else if (lx->f.fsbase.size && lx->f.gsbase.size) {
        linux_row(rows, "thread-base", "thread.fsbase and gsbase%s",
                  lx->f.tls_array.size ? ", of 32-bit programs by"
                  " thread.tls_array" : "");
    } else if (lx->f.tls_array.size || lx->f.thread_sp.size) {
        linux_row(rows, "thread-base", "descriptors %s", lx->f.tls_array.size
                  ? "in thread.tls_array" : "found before thread.sp");
    } else {
        osi_fail(&err, OSI_ERR_NO_SUCH, 0, "neither thread.fsbase nor"
                 " thread.tls_array is known");
        linux_row_no(rows, "thread-base", &err, LINUX_FIX_TYPES);
    }
}

static void row_syscalls(Linux *lx, GArray *rows)
{
    OsiError err;

    if (!linux_can(lx, LINUX_REGS, &err) || !linux_find_frame(lx, &err)) {
        linux_row_no(rows, "system-calls", &err, "there must be processes that"
                     " wait in the kernel: let the guest boot on");
    } else {
        linux_row(rows, "system-calls", "by saved registers, %s",
                  linux_syscall_names(lx));
    }
}

void linux_row_modules(Linux *lx, GArray *rows)
{
    OsiError err;
    GPtrArray *all = linux_modules(lx, &err);

    if (!all) {
        linux_row_no(rows, "modules", &err, lx->syms ? LINUX_FIX_TYPES
                     : LINUX_FIX_SYMBOLS);
    } else if (lx->modules_note.kind) {
        osi_fail(&err, lx->modules_note.kind, lx->modules_note.address,
                 "%u modules, then the list breaks: %.120s", all->len,
                 lx->modules_note.message);
        linux_row_no(rows, "modules", &err, "step the guest a little: the"
                     " list may have been in the middle of a change");
    } else {
        linux_row(rows, "modules", "%u in the list, memory by %s", all->len,
                  lx->f.mod_mem.size ? "mem[]" : "core_layout");
    }
}

void linux_kernel_features(Linux *lx, GArray *rows)
{
    row_switch(lx, rows);
    row_stack(lx, rows);
    linux_fpu_feature(lx, rows);
    row_bases(lx, rows);
    row_syscalls(lx, rows);
}
