/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layout from data: members of mappings, and the executable of an mm.
 *
 * The auxiliary vector says where a process has its program headers, its entry
 * point and its strings: so the mappings of its code and of its stack are
 * known, and the program headers say which part of the file the code is. Each
 * member is the one place that fits all processes.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <string.h>
#include "linux-guess-files.h"

#define VMA_BYTES   256         /* looked at for members */
#define MM_BYTES    2048
#define PHDRS_MAX   16
#define PROGRAMS_MIN 2          /* with different executables */

enum { AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_ENTRY = 9, AT_EXECFN = 31,
       AT_SYSINFO_EHDR = 33 };
enum { PT_LOAD = 1, PT_PHDR = 6 };

static uint64_t word_at(const Guess *g, const uint8_t *b, int o)
{
    return osi_le(b + o, g->word);
}

/* ---- what is known of a process ---- */

static OsiRoot root_of(Guess *g, uint64_t mm)
{
    Linux *lx = g->lx;
    OsiRoot root = { lx->kernel.root.paging, 0 };
    uint64_t pgd;
    OsiLeaf leaf;

    if (linux_ptr(lx, mm, &lx->f.pgd, &pgd, NULL) &&
        osi_translate(lx->kernel.mem, lx->kernel.root, pgd, &leaf, NULL)) {
        root.table = leaf.pa;
    }
    return root;
}

/* Pairs of this kernel's own word; others are left out. */
static bool read_auxv(Guess *g, GuessProgram *p)
{
    const OsiField *f = &g->lx->f.saved_auxv;
    uint64_t *const to[40] = {
        [AT_PHDR] = &p->phdr, [AT_PHENT] = &p->phent, [AT_PHNUM] = &p->phnum,
        [AT_ENTRY] = &p->entry, [AT_EXECFN] = &p->execfn,
        [AT_SYSINFO_EHDR] = &p->vdso,
    };
    uint8_t b[512];
    size_t len = MIN(f->size, sizeof(b));

    if (!osi_reader_read(&g->lx->kernel, p->t.mm + f->offset, b, len, NULL)) {
        return false;
    }
    for (size_t at = 0; at + 2 * g->word <= len; at += 2 * g->word) {
        uint64_t key = word_at(g, b, at);

        if (key < G_N_ELEMENTS(to) && to[key]) {
            *to[key] = word_at(g, b, at + g->word);
        }
    }
    return p->phdr && p->entry && p->execfn && p->phnum &&
           p->phnum <= PHDRS_MAX && p->phent == (g->word == 8 ? 56 : 32);
}

/* Page of the file that the mapping of the entry point begins with. */
static bool code_page(Guess *g, GuessProgram *p)
{
    bool wide = g->word == 8;
    uint8_t raw[PHDRS_MAX * 56];
    uint64_t bias = 0, at;

    if (!osi_read(g->lx->kernel.mem, p->t.root, p->phdr, raw,
                  p->phnum * p->phent, NULL)) {
        return false;
    }
    for (uint64_t i = 0; i < p->phnum; i++) {
        const uint8_t *h = raw + i * p->phent;

        if (osi_le32(h) == PT_PHDR) {
            bias = p->phdr - word_at(g, h, wide ? 16 : 8);
        }
    }
    for (uint64_t i = 0; i < p->phnum; i++) {
        const uint8_t *h = raw + i * p->phent;

        at = word_at(g, h, wide ? 16 : 8) + bias;
        if (osi_le32(h) == PT_LOAD && p->entry >= at &&
            p->entry - at < word_at(g, h, wide ? 40 : 20)) {
            p->pgoff = (word_at(g, h, wide ? 8 : 4) + p->code.start - at)
                       / 4096;
            return true;
        }
    }
    return false;
}

static bool take(Guess *g, GuessProgram *p, const GArray *list, uint64_t va,
                 LinuxVma *v, uint8_t *bytes)
{
    const LinuxVma *found = linux_vma_find(list, va);

    if (!found) {
        return false;
    }
    *v = *found;
    return osi_reader_read(&g->lx->kernel, v->object, bytes, VMA_BYTES, NULL);
}

static bool read_program(Guess *g, uint64_t mm, GuessProgram *p)
{
    g_autoptr(GArray) list = g_array_new(false, false, sizeof(LinuxVma));
    LinuxVma v;

    p->t = (OsiTask) { .mm = mm, .root = root_of(g, mm) };
    if (!p->t.root.table || !read_auxv(g, p) ||
        !linux_vma_list(g->lx, &p->t, list, NULL)) {
        return false;
    }
    p->has_vdso = p->vdso && take(g, p, list, p->vdso, &v, p->vdso_bytes);
    return take(g, p, list, p->entry, &p->code, p->code_bytes) &&
           take(g, p, list, p->phdr, &v, p->head_bytes) &&
           take(g, p, list, p->execfn, &p->stack, p->stack_bytes) &&
           osi_reader_read(&g->lx->kernel, mm, p->mm_bytes,
                           sizeof(p->mm_bytes), NULL) &&
           code_page(g, p);
}

GArray *guess_programs(Guess *g, OsiError *err)
{
    GArray *all = g_array_new(false, true, sizeof(GuessProgram));
    OsiError keep = g->lx->cannot[LINUX_VMAS];

    /* Only the bounds of mappings are asked for. */
    g->lx->cannot[LINUX_VMAS].kind = OSI_OK;
    for (guint i = 0; i < g->mms->len && all->len < GUESS_PROGRAMS; i++) {
        GuessProgram p = { 0 };

        if (read_program(g, g_array_index(g->mms, uint64_t, i), &p)) {
            g_array_append_val(all, p);
        }
    }
    g->lx->cannot[LINUX_VMAS] = keep;
    if (all->len < PROGRAMS_MIN) {
        osi_fail(err, OSI_ERR_NO_SUCH, 0, "data: %u of %u processes have"
                 " mappings that fit their auxiliary vector", all->len,
                 g->mms->len);
        g_clear_pointer(&all, g_array_unref);
    }
    return all;
}

/* ---- members of a mapping ---- */

typedef bool (*Fits)(Guess *g, const GuessProgram *p, int o);

/* The one offset that fits all; false when there is none or another. */
static bool search(Guess *g, const GArray *all, Fits fits, OsiField *f,
                   const char *what, OsiError *err)
{
    int found = -1;

    for (int o = 2 * g->word; o + (int)g->word <= VMA_BYTES; o += g->word) {
        bool ok = true;

        for (guint i = 0; ok && i < all->len; i++) {
            ok = fits(g, &g_array_index(all, GuessProgram, i), o);
        }
        if (ok && found >= 0) {
            return osi_fail(err, OSI_ERR_BAD_DATA, 0, "data: %s of a mapping"
                            " may be at %d or %d", what, found, o);
        }
        found = ok ? o : found;
    }
    if (found < 0) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0,
                        "data: no place in a mapping is its %s", what);
    }
    *f = (OsiField) { .offset = found, .size = g->word };
    return true;
}

/* Of the first one the exe_file of its mm has the same value. */
static int exe_in_mm(Guess *g, const GArray *all, int o)
{
    int found = -1;

    for (int m = 0; m + (int)g->word <= MM_BYTES; m += g->word) {
        bool ok = true;

        for (guint i = 0; ok && i < all->len; i++) {
            const GuessProgram *p = &g_array_index(all, GuessProgram, i);

            ok = word_at(g, p->mm_bytes, m) == word_at(g, p->code_bytes, o);
        }
        if (ok && found >= 0) {
            return -1;
        }
        found = ok ? m : found;
    }
    return found;
}

static bool fits_file(Guess *g, const GuessProgram *p, int o)
{
    uint64_t file = word_at(g, p->code_bytes, o);

    /*
     * With 32 bits the image is part of the direct map, and without its own
     * symbols nothing tells where it ends: objects may lie in what is taken
     * for it. The mm has the file too, which is sure enough.
     */
    return linux_is_object(g->lx, file) && file != p->t.mm &&
           (g->word == 4 ||
            file - g->lx->image.base >= g->lx->image.size) &&
           word_at(g, p->head_bytes, o) == file &&
           !word_at(g, p->stack_bytes, o) &&
           memmem(p->mm_bytes, MM_BYTES, p->code_bytes + o, g->word);
}

/* Of what has no file it is the page number where it was made. */
static bool fits_pgoff(Guess *g, const GuessProgram *p, int o)
{
    uint64_t stack = word_at(g, p->stack_bytes, o);

    return word_at(g, p->code_bytes, o) == p->pgoff && stack > 0x10000 &&
           stack <= UINT64_MAX >> 12 && !linux_is_object(g->lx, stack);
}

/* VM_READ|EXEC|MAY... of code; READ|WRITE|GROWSDOWN|MAY... of the stack. */
static bool fits_flags(Guess *g, const GuessProgram *p, int o)
{
    return (word_at(g, p->code_bytes, o) & 0x1ff) == 0x75 &&
           (word_at(g, p->stack_bytes, o) & 0x1f3) == 0x173;
}

static bool fits_mm(Guess *g, const GuessProgram *p, int o)
{
    return word_at(g, p->code_bytes, o) == p->t.mm &&
           word_at(g, p->stack_bytes, o) == p->t.mm;
}

static bool fits_ops(Guess *g, const GuessProgram *p, int o)
{
    return linux_is_object(g->lx, word_at(g, p->code_bytes, o)) &&
           o != (int)g->lx->f.vm_file.offset &&
           word_at(g, p->head_bytes, o) == word_at(g, p->code_bytes, o) &&
           !word_at(g, p->stack_bytes, o) &&
           (!p->has_vdso ||
            word_at(g, p->vdso_bytes, o) - g->lx->image.base <
            g->lx->image.size);
}

/* struct vm_special_mapping begins with the name. */
static bool fits_private(Guess *g, const GuessProgram *p, int o)
{
    uint64_t name;
    char text[8];

    return !p->has_vdso ||
           (linux_is_object(g->lx, word_at(g, p->vdso_bytes, o)) &&
            osi_reader_uint(&g->lx->kernel, word_at(g, p->vdso_bytes, o),
                            g->word, &name, NULL) &&
            linux_is_object(g->lx, name & ~(uint64_t)7) &&
            osi_reader_string(&g->lx->kernel, name, text, sizeof(text), NULL) &&
            !strcmp(text, "[vdso]"));
}

/*
 * In front of arg_start: start_brk, brk, start_stack. The stack's begins in
 * the stack, and the heap does not end before it begins.
 */
static void guess_brk(Guess *g, const GArray *all)
{
    LinuxFields *f = &g->lx->f;
    int at = (int)f->arg_start.offset - 3 * (int)g->word;

    if (!f->arg_start.size || at < 0 || at + 3 * (int)g->word > MM_BYTES) {
        return;
    }
    for (guint i = 0; i < all->len; i++) {
        const GuessProgram *p = &g_array_index(all, GuessProgram, i);
        uint64_t start = word_at(g, p->mm_bytes, at);
        uint64_t brk = word_at(g, p->mm_bytes, at + g->word);
        uint64_t stack = word_at(g, p->mm_bytes, at + 2 * g->word);

        if (start > brk || brk < p->code.start || stack < p->stack.start ||
            stack > p->stack.end) {
            return;
        }
    }
    f->start_brk = (OsiField) { at, g->word };
    f->brk = (OsiField) { at + g->word, g->word };
    f->start_stack = (OsiField) { at + 2 * g->word, g->word };
}

bool guess_vma_members(Guess *g, const GArray *all, OsiError *err)
{
    LinuxFields *f = &g->lx->f;
    int exe;

    if (!search(g, all, fits_file, &f->vm_file, "file", err) ||
        !search(g, all, fits_pgoff, &f->vm_pgoff, "offset", err) ||
        !search(g, all, fits_flags, &f->vm_flags, "flags", err)) {
        return false;
    }
    exe = exe_in_mm(g, all, f->vm_file.offset);
    if (exe < 0) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0,
                        "data: no one place in an mm is its executable");
    }
    f->exe_file = (OsiField) { exe, g->word };
    search(g, all, fits_mm, &f->vm_mm, "mm", NULL);
    if (search(g, all, fits_ops, &f->vm_ops, "operations", NULL) &&
        search(g, all, fits_private, &f->vm_private, "private data", NULL)) {
        f->sm_name = (OsiField) { 0, g->word };
    }
    guess_brk(g, all);
    return true;
}
