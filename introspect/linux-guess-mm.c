/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layout from data: what an address space has; see linux-guess.h. */
#include "linux-guess.h"

#define MM_MAX      2560        /* of a struct mm_struct that is looked at */
#define MM_PGD_MAX  512         /* its page tables are near the front */
#define MM_VMAS_MAX 512         /* and so are its mappings */
#define AUXV_MAX    64          /* pairs */
#define AT_PAGESZ   6           /* include/uapi/linux/auxvec.h */
#define AT_ENTRY    9
#define AT_RANDOM   25
#define AT_LAST     63
#define PAGE        4096
#define VMAS_MAX    65536

static uint64_t user_end(const Guess *g)
{
    return g->word == 8 ? 1ull << 56 : g->lx->kernel_lo;
}

static bool read_mm(Guess *g, guint i, int offset, void *buf, size_t len)
{
    return osi_reader_read(&g->lx->kernel,
                           g_array_index(g->mms, uint64_t, i) + offset, buf,
                           len, NULL);
}

/* ---- page tables ---- */

/* Does @pgd, a kernel address, map the kernel as the kernel's own root does? */
static bool is_pgd(Guess *g, uint64_t pgd)
{
    const Linux *lx = g->lx;
    const uint64_t probe[] = { lx->banner, lx->image.anchor };
    OsiRoot root = { lx->kernel.root.paging, 0 };
    OsiLeaf leaf, want;

    if (!linux_is_object(lx, pgd) || pgd % linux_root_align(lx) ||
        !osi_translate(lx->kernel.mem, lx->kernel.root, pgd, &leaf, NULL)) {
        return false;
    }
    root.table = leaf.pa;
    for (size_t i = 0; i < G_N_ELEMENTS(probe); i++) {
        if (!osi_translate(lx->kernel.mem, root, probe[i], &leaf, NULL) ||
            !osi_translate(lx->kernel.mem, lx->kernel.root, probe[i], &want,
                           NULL) || leaf.pa != want.pa) {
            return false;
        }
    }
    return true;
}

static bool are_pgds(Guess *g, int offset)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) mms = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < g->mms->len; i++) {
        uint8_t b[8];
        uint64_t pgd;

        /* vfork: two processes, one mm. */
        if (!g_hash_table_add(mms, GSIZE_TO_POINTER(
                g_array_index(g->mms, uint64_t, i)))) {
            continue;
        }
        if (!read_mm(g, i, offset, b, g->word)) {
            return false;
        }
        pgd = osi_le(b, g->word);
        if (!is_pgd(g, pgd) || !g_hash_table_add(seen, GSIZE_TO_POINTER(pgd))) {
            return false;
        }
    }
    return true;
}

bool guess_pgd(Guess *g, OsiError *err)
{
    for (int offset = 0; g->mms->len && offset < MM_PGD_MAX;
         offset += g->word) {
        if (are_pgds(g, offset)) {
            g->lx->f.pgd = (OsiField) { .offset = offset, .size = g->word };
            return true;
        }
    }
    return osi_fail(err, OSI_ERR_NO_SUCH,
                    g->mms->len ? g_array_index(g->mms, uint64_t, 0) : 0,
                    "data: no pointer to page tables in %u mm", g->mms->len);
}

/* ---- auxiliary vector, arguments ---- */

/* Pairs of a type and a value up to type 0, with the types all programs get. */
static bool is_auxv(const Guess *g, const uint8_t *b, size_t len)
{
    bool page = false, entry = false, random = false;

    for (size_t i = 0; i < AUXV_MAX && 2 * (i + 1) * g->word <= len; i++) {
        uint64_t type = osi_le(b + 2 * i * g->word, g->word);
        uint64_t value = osi_le(b + (2 * i + 1) * g->word, g->word);

        if (!type) {
            return page && entry && random;
        }
        if (type > AT_LAST || (type == AT_PAGESZ && value != PAGE) ||
            (type == AT_ENTRY && value >= user_end(g))) {
            return false;
        }
        page |= type == AT_PAGESZ;
        entry |= type == AT_ENTRY;
        random |= type == AT_RANDOM;
    }
    return false;
}

/*
 * A 32-bit program on a 64-bit kernel has pairs of 32 bits there: half of the
 * processes must do.
 */
static bool are_auxvs(Guess *g, uint8_t *const *mm, int offset)
{
    size_t good = 0;

    for (guint i = 0; i < g->mms->len; i++) {
        good += is_auxv(g, mm[i] + offset, MM_MAX - offset);
        if (!good && i > 8) {
            return false;
        }
    }
    return good * 2 > g->mms->len;
}

/*
 * Four addresses in front: arg_start, arg_end, env_start, env_end, ascending,
 * in the user's half.
 */
static bool are_args(Guess *g, uint8_t *const *mm, int offset)
{
    for (guint i = 0; i < g->mms->len; i++) {
        uint64_t v[4];

        for (int k = 0; k < 4; k++) {
            v[k] = osi_le(mm[i] + offset + k * g->word, g->word);
        }
        if (!v[0] || v[0] > v[1] || v[1] > v[2] || v[2] > v[3] ||
            v[3] >= user_end(g) || v[3] - v[0] > (64u << 20)) {
            return false;
        }
    }
    return true;
}

/* Bytes up to the pair of zeros, which is one of them. */
static int auxv_bytes(const Guess *g, const uint8_t *b, int max)
{
    int len = 0, pair = 2 * g->word;

    while (len + 2 * pair <= max && osi_le(b + len, g->word)) {
        len += pair;
    }
    return len + pair;
}

static void fill_auxv(Guess *g, uint8_t *const *mm, int offset)
{
    int args = offset - 4 * (int)g->word, len = 0;
    LinuxFields *f = &g->lx->f;

    for (guint i = 0; i < g->mms->len; i++) {
        if (is_auxv(g, mm[i] + offset, MM_MAX - offset)) {
            len = MAX(len, auxv_bytes(g, mm[i] + offset, MM_MAX - offset));
        }
    }
    f->saved_auxv = (OsiField) { .offset = offset, .size = len };
    if (args >= 0 && are_args(g, mm, args)) {
        f->arg_start = (OsiField) { .offset = args, .size = g->word };
        f->arg_end = (OsiField) { .offset = args + g->word, .size = g->word };
    }
}

bool guess_auxv(Guess *g, OsiError *err)
{
    g_autofree uint8_t **mm = g_new0(uint8_t *, g->mms->len);
    bool ok = false;

    for (guint i = 0; i < g->mms->len; i++) {
        mm[i] = g_malloc0(MM_MAX);
        /* An mm at the end of what is mapped: zeros prove nothing. */
        if (!read_mm(g, i, 0, mm[i], MM_MAX)) {
            memset(mm[i], 0, MM_MAX);
        }
    }
    for (int offset = 0; !ok && offset < MM_MAX - 64; offset += g->word) {
        ok = are_auxvs(g, mm, offset);
        if (ok) {
            fill_auxv(g, mm, offset);
        }
    }
    for (guint i = 0; i < g->mms->len; i++) {
        g_free(mm[i]);
    }
    return ok || osi_fail(err, OSI_ERR_NO_SUCH,
                          g_array_index(g->mms, uint64_t, 0),
                          "data: no auxiliary vector in %u mm", g->mms->len);
}

/* ---- mappings ---- */

static bool is_range(const Guess *g, const uint8_t *vma)
{
    uint64_t start = osi_le(vma, g->word), end = osi_le(vma + g->word, g->word);

    return start < end && end <= user_end(g) && start % PAGE == 0 &&
           end % PAGE == 0;
}

/* A list by the third word, ascending, as before maple trees. */
static bool is_vma_list(Guess *g, uint64_t vma)
{
    uint64_t last = 0;
    int n = 0;

    while (vma && n++ < VMAS_MAX) {
        uint8_t b[24];

        if (!linux_is_object(g->lx, vma) ||
            !osi_reader_read(&g->lx->kernel, vma, b, 3 * g->word, NULL) ||
            !is_range(g, b) || osi_le(b, g->word) < last) {
            return false;
        }
        last = osi_le(b + g->word, g->word);
        vma = osi_le(b + 2 * g->word, g->word);
    }
    return n > 1 && !vma;
}

/*
 * A maple tree's root: a node (256 bytes, its type in the low bits) whose
 * parent, its first word, is the tree itself with the lowest bit set.
 */
static bool is_maple_root(Guess *g, uint64_t word, uint64_t mm, int offset)
{
    uint64_t node = word & ~0xffull, parent;

    return (word & 3) == 2 && linux_is_object(g->lx, node) &&
           osi_reader_uint(&g->lx->kernel, node, g->word, &parent, NULL) &&
           (parent & 1) && (parent & ~1ull) <= mm + offset &&
           mm + offset - (parent & ~1ull) <= 64;
}

static bool all_mms(Guess *g, int offset, bool list)
{
    for (guint i = 0; i < g->mms->len; i++) {
        uint8_t b[8];
        uint64_t word;

        if (!read_mm(g, i, offset, b, g->word)) {
            return false;
        }
        word = osi_le(b, g->word);
        if (list ? !is_vma_list(g, word)
                 : !is_maple_root(g, word, g_array_index(g->mms, uint64_t, i),
                                  offset)) {
            return false;
        }
    }
    return true;
}

void guess_vmas(Guess *g)
{
    LinuxFields *f = &g->lx->f;
    const OsiField word = { .size = g->word };

    for (int offset = 0; offset < MM_VMAS_MAX; offset += g->word) {
        OsiField at = { .offset = offset, .size = g->word };

        if (!offset && all_mms(g, offset, true)) {
            f->mm_mmap = at;
            f->vm_next = (OsiField) { 2 * g->word, g->word };
        } else if (all_mms(g, offset, false)) {
            f->mm_root = at;
        } else {
            continue;
        }
        f->vm_start = word;
        f->vm_end = (OsiField) { g->word, g->word };
        return;
    }
}
