/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/PID/maps and smaps; see procfs.h. */
#include "qemu/osdep.h"
#include "introspect/process.h"
#include "gdbstub/gdbx/procfs.h"

/* Of one file: more is not counted, but called the process's own. */
#define PAGES_MAX 1500000

/* Names begin in the same column, by the kernel's word (seq_setwidth()). */
static void append_line(GString *out, const OsiVma *v, unsigned word)
{
    size_t start = out->len;

    g_string_append_printf(out, "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08"
                           PRIx64 " %02x:%02x %" PRIu64 " ", v->start, v->end,
                           v->rights & OSI_READ ? 'r' : '-',
                           v->rights & OSI_WRITE ? 'w' : '-',
                           v->rights & OSI_EXEC ? 'x' : '-',
                           v->rights & OSI_SHARED ? 's' : 'p',
                           v->offset, v->dev_major, v->dev_minor, v->inode);
    if (v->path) {
        while (out->len - start < 25 + word * 6) {
            g_string_append_c(out, ' ');
        }
        g_string_append(out, v->path);
    }
    g_string_append_c(out, '\n');
}

/* A task without address space has an empty file. */
static const OsiVma *vmas(OsiGuest *g, const OsiTask *t, size_t *n, bool *ok)
{
    const OsiVma *v;

    *n = 0;
    *ok = true;
    if (t->kernel_thread || !t->mm) {
        return NULL;
    }
    v = osi_vmas(g, t, n, NULL);
    *ok = v != NULL;
    return v;
}

bool gdbx_proc_maps(OsiGuest *g, const OsiTask *t, GString *out)
{
    unsigned word = osi_word(g);
    bool ok;
    size_t n;
    const OsiVma *v = vmas(g, t, &n, &ok);

    for (size_t i = 0; i < n; i++) {
        append_line(out, &v[i], word);
    }
    return ok;
}

/* include/linux/mm.h of Linux, in the order of the bits. */
static const char flag_names[32][3] = {
    "rd", "wr", "ex", "sh", "mr", "mw", "me", "ms", "gd", "", "pf", "", "",
    "lo", "io", "sr", "rr", "dc", "de", "", "ac", "nr", "ht", "sf", "", "wf",
    "dd", "sd", "mm", "hg", "nh", "mg",
};

static void append_flags(GString *out, uint32_t flags)
{
    g_string_append(out, "VmFlags: ");
    for (int i = 0; i < 32; i++) {
        if ((flags >> i & 1) && *flag_names[i]) {
            g_string_append_printf(out, "%s ", flag_names[i]);
        }
    }
    g_string_append_c(out, '\n');
}

static void append_kb(GString *out, const char *name, uint64_t bytes)
{
    g_string_append_printf(out, "%-16s%8" PRIu64 " kB\n", name, bytes / 1024);
}

/*
 * gdb takes a mapping whose anonymous pages are 0 for a mere file. What could
 * not be counted is said to be all the process's own: gcore saves it then.
 */
bool gdbx_proc_smaps(OsiGuest *g, const OsiTask *t, GString *out)
{
    unsigned word = osi_word(g);
    size_t n, left = PAGES_MAX;
    bool ok;
    const OsiVma *v = vmas(g, t, &n, &ok);

    for (size_t i = 0; i < n; i++) {
        uint64_t size = v[i].end - v[i].start;
        OsiUsage u = { .anonymous = v[i].rights & OSI_SHARED ? 0 : size };
        bool counted = osi_vma_usage(g, t, &v[i], left, &u, NULL);

        append_line(out, &v[i], word);
        append_kb(out, "Size:", size);
        if (counted) {
            append_kb(out, "Rss:", u.resident);
            left -= MIN(left, u.resident / 4096);
        }
        append_kb(out, "Anonymous:", u.anonymous);
        if (u.flags) {
            append_flags(out, u.flags);
        }
    }
    return ok;
}
