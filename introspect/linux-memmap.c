/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which page of RAM a struct page stands for: where the array of them begins.
 *
 * The kernel says it (vmemmap_base, mem_map), the architecture does (builds
 * without randomized memory), and files that processes have mapped prove it:
 * of such a page the page tables know the number and the page cache the
 * struct. Three that agree are enough without any symbol.
 */
#include "linux-pagecache.h"
#include "linux-vma.h"

#define SAMPLES     16
#define TASKS_MAX   32      /* processes asked for samples */
#define PER_TASK    4

/* Defaults of x86-64, 4 and 5 levels; see arch/x86/include/asm of Linux. */
#define VMEMMAP_4   0xffffea0000000000ull
#define VMEMMAP_5   0xffd4000000000000ull

typedef struct Sampling {
    Linux *lx;
    uint64_t base[SAMPLES];
    unsigned n, tasks;
} Sampling;

static void sample(Sampling *s, const OsiTask *t, const LinuxVma *v)
{
    Linux *lx = s->lx;
    uint64_t mapping, page, first;
    OsiLeaf leaf;

    if (!osi_translate(lx->kernel.mem, t->root, v->start, &leaf, NULL) ||
        !linux_file_mapping(lx, v->file, &mapping, NULL) ||
        !linux_cached_page(lx, mapping, v->pgoff, &page, &first, NULL)) {
        return;
    }
    page -= (leaf.pa >> 12) * lx->f.page_whole.size;
    page += (v->pgoff - first) * lx->f.page_whole.size;
    s->base[s->n++] = lx->word == 8 ? page : (uint32_t)page;
}

/* A page that may be written may be a copy of the process's own. */
static bool sample_task(void *opaque, const OsiTask *t)
{
    Sampling *s = opaque;
    g_autoptr(GArray) list = NULL;
    unsigned most = MIN(s->n + PER_TASK, SAMPLES);

    if (t->kernel_thread || !t->mm || !t->root.table) {
        return true;
    }
    list = g_array_new(false, false, sizeof(LinuxVma));
    linux_vma_list(s->lx, t, list, NULL);
    for (guint i = 0; i < list->len && s->n < most; i++) {
        const LinuxVma *v = &g_array_index(list, LinuxVma, i);

        if (v->file && !(v->flags & (LINUX_VM_WRITE | LINUX_VM_IO |
                                     LINUX_VM_PFNMAP | LINUX_VM_HUGETLB))) {
            sample(s, t, v);
        }
    }
    return s->n < SAMPLES && ++s->tasks < TASKS_MAX;
}

static unsigned votes_for(const Sampling *s, uint64_t base)
{
    unsigned votes = 0;

    for (unsigned i = 0; i < s->n; i++) {
        votes += s->base[i] == base;
    }
    return votes;
}

static const char *said(Linux *lx, uint64_t *base)
{
    static const char *const names[] = { "vmemmap_base", "mem_map" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        uint64_t va;

        if (linux_sym(lx, names[i], &va) &&
            osi_reader_uint(&lx->kernel, va, lx->word, base, NULL) &&
            linux_is_object(lx, *base)) {
            return names[i];
        }
    }
    if (lx->word == 8) {
        *base = lx->kernel.root.paging == OSI_PAGING_5LEVEL ? VMEMMAP_5
                                                            : VMEMMAP_4;
        return "the default of this architecture";
    }
    *base = 0;
    return NULL;
}

static void choose(Linux *lx, LinuxMemMap *m)
{
    Sampling s = { .lx = lx };
    OsiError note = lx->walk_note;
    uint32_t tasks = lx->tasks_seen, leaders = lx->leaders_seen;

    m->source = said(lx, &m->base);
    linux_each_task(lx, sample_task, &s, NULL);
    /* A walk that ends early says nothing about the list. */
    lx->walk_note = note;
    lx->tasks_seen = tasks;
    lx->leaders_seen = leaders;
    m->samples = s.n;
    m->votes = m->source ? votes_for(&s, m->base) : 0;
    for (unsigned i = 0; i < s.n && m->votes * 2 <= s.n; i++) {
        unsigned votes = votes_for(&s, s.base[i]);

        if (votes >= 3 && votes * 2 > s.n) {
            *m = (LinuxMemMap) { .base = s.base[i], .samples = s.n,
                                 .votes = votes,
                                 .source = "pages that are mapped" };
        }
    }
    if (!m->source || (s.n && m->votes * 2 <= s.n)) {
        osi_fail(&m->why, OSI_ERR_UNSUPPORTED, m->base,
                 "no one array of struct page: %s%s, %u of %u mapped pages"
                 " agree", m->source ? "it may be at " : "no symbol says where",
                 m->source ? m->source : "", m->votes, s.n);
    }
}

const LinuxMemMap *linux_memmap(Linux *lx, OsiError *err)
{
    LinuxMemMap *m = &lx->memmap;

    if (!m->tried) {
        LinuxMemMap fresh = { 0 };

        choose(lx, &fresh);
        *m = fresh;
        m->tried = true;
    }
    if (m->why.kind) {
        osi_fail(err, m->why.kind, m->why.address, "%s", m->why.message);
        return NULL;
    }
    return m;
}

void linux_row_pagecache(Linux *lx, GArray *rows)
{
    const LinuxMemMap *m;
    OsiError err;

    if (!linux_can(lx, LINUX_PAGE_CACHE, &err)) {
        linux_row_no(rows, "page-cache", &err, LINUX_FIX_TYPES);
        return;
    }
    m = linux_memmap(lx, &err);
    if (!m) {
        linux_row_no(rows, "page-cache", &err, "let the guest boot on until"
                     " processes have files mapped");
    } else {
        linux_row(rows, "page-cache", "struct page of %u bytes from 0x%" PRIx64
                  " (%s), %u of %u mapped pages agree",
                  lx->f.page_whole.size, m->base, m->source, m->votes,
                  m->samples);
    }
}
