/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mappings of a process: a list until 6.0, a maple tree since. Which one it is
 * is told by the members of mm_struct.
 */
#include "linux-block.h"
#include "linux-maple.h"
#include "linux-vma.h"

#define VMAS_MAX    1048576     /* 16 times the usual vm.max_map_count */
#define DEPTH_MAX   16          /* levels of a maple tree */
#define PAGE        4096

bool linux_vma_read(Linux *lx, uint64_t object, LinuxVma *v, OsiError *err)
{
    const LinuxFields *f = &lx->f;
    const OsiField *const want[] = {
        &f->vm_start, &f->vm_end, &f->vm_flags, &f->vm_file, &f->vm_pgoff,
        &f->vm_ops, &f->vm_private, &f->vm_anon_name, &f->vm_mm, &f->vm_next,
    };
    LinuxBlock b;

    if (!linux_block_read(lx, &b, object, want, G_N_ELEMENTS(want), "mapping",
                          err)) {
        return false;
    }
    *v = (LinuxVma) {
        .object = object,
        .start = linux_block(&b, &f->vm_start),
        .end = linux_block(&b, &f->vm_end),
        .flags = linux_block(&b, &f->vm_flags),
        .pgoff = linux_block(&b, &f->vm_pgoff),
        .file = linux_block(&b, &f->vm_file),
        .ops = linux_block(&b, &f->vm_ops),
        .private = linux_block(&b, &f->vm_private),
        .anon_name = linux_block(&b, &f->vm_anon_name),
        .mm = linux_block(&b, &f->vm_mm),
        .next = linux_block(&b, &f->vm_next),
    };
    if (v->start >= v->end || v->start % PAGE || v->end % PAGE) {
        return osi_fail(err, OSI_ERR_BAD_DATA, object, "mapping of 0x%" PRIx64
                        "..0x%" PRIx64, v->start, v->end);
    }
    return true;
}

/* ---- the two ways ---- */

typedef struct Walk {
    Linux *lx;
    uint64_t mm;
    GArray *out;
    GHashTable *seen;           /* maple nodes */
    OsiMapleShape shape;
    OsiError *err;
} Walk;

static bool add(Walk *w, uint64_t object, LinuxVma *v)
{
    const LinuxVma *last = w->out->len
        ? &g_array_index(w->out, LinuxVma, w->out->len - 1) : NULL;
    bool foreign;

    if (w->out->len >= VMAS_MAX) {
        return osi_fail(w->err, OSI_ERR_LIMIT, object,
                        "more than %d mappings", VMAS_MAX);
    }
    if (!linux_vma_read(w->lx, object, v, w->err)) {
        return false;
    }
    foreign = w->lx->f.vm_mm.size && v->mm != w->mm;
    if (foreign || (last && v->start < last->end)) {
        return osi_fail(w->err, OSI_ERR_BAD_DATA, object, foreign
                        ? "mapping of another process"
                        : "mapping that lies below the one before it");
    }
    g_array_append_val(w->out, *v);
    return true;
}

/* Ascending addresses forbid a cycle. */
static bool walk_list(Walk *w, uint64_t object)
{
    LinuxVma v;

    while (object) {
        if (!add(w, object, &v)) {
            return false;
        }
        object = v.next;
    }
    return true;
}

static void part_of(const OsiField *pivot, const OsiField *slot, unsigned word,
                    OsiMaplePart *p)
{
    *p = (OsiMaplePart) { pivot->offset, pivot->size / word, slot->offset,
                          slot->size / word };
}

static void shape_of(Linux *lx, OsiMapleShape *s)
{
    const LinuxFields *f = &lx->f;

    *s = osi_maple_shape(lx->word);
    if (f->mr_pivot.size && f->mr_slot.size && f->ma_pivot.size &&
        f->ma_slot.size) {
        part_of(&f->mr_pivot, &f->mr_slot, lx->word, &s->range);
        part_of(&f->ma_pivot, &f->ma_slot, lx->word, &s->arange);
    }
}

/* In a leaf: the tree's index and the mapping's own bounds must agree. */
static bool add_entry(Walk *w, const OsiMapleEntry *e)
{
    LinuxVma v;

    if (!add(w, e->value, &v)) {
        return false;
    }
    if (v.start != e->min || v.end != e->max + 1) {
        return osi_fail(w->err, OSI_ERR_BAD_DATA, v.object, "mapping of 0x%"
                        PRIx64 "..0x%" PRIx64 " filed at 0x%" PRIx64, v.start,
                        v.end, e->min);
    }
    return true;
}

static bool walk_node(Walk *w, uint64_t node, uint64_t min, uint64_t max,
                      int depth)
{
    OsiMapleEntry e[OSI_MAPLE_SLOTS];
    uint8_t bytes[OSI_MAPLE_NODE];
    uint64_t at = osi_maple_node(node);
    OsiError err;
    size_t n;

    if (depth == DEPTH_MAX ||
        !g_hash_table_add(w->seen, GSIZE_TO_POINTER(at))) {
        return osi_fail(w->err, OSI_ERR_BAD_DATA, at,
                        "tree of mappings returns to a node or is too deep");
    }
    if (!linux_is_object(w->lx, at)) {
        return osi_fail(w->err, OSI_ERR_BAD_DATA, node,
                        "0x%" PRIx64 " cannot be a maple node", node);
    }
    if (!osi_reader_read(&w->lx->kernel, at, bytes, sizeof(bytes), w->err)) {
        return false;
    }
    if (!osi_maple_entries(&w->shape, osi_maple_type(node), bytes, min, max, e,
                           &n, &err)) {
        return osi_fail(w->err, err.kind, at + err.address, "%s", err.message);
    }
    for (size_t i = 0; i < n; i++) {
        if (osi_maple_is_leaf(node) ? !add_entry(w, &e[i])
            : !walk_node(w, e[i].value, e[i].min, e[i].max, depth + 1)) {
            return false;
        }
    }
    return true;
}

static bool walk_tree(Walk *w, uint64_t root)
{
    uint64_t max = w->lx->word == 8 ? UINT64_MAX : UINT32_MAX;
    LinuxVma v;
    bool ok;

    if (!root) {
        return true;
    }
    if (!osi_maple_is_node(root)) {
        return add(w, root, &v);
    }
    shape_of(w->lx, &w->shape);
    if (!osi_maple_shape_ok(&w->shape)) {
        return osi_fail(w->err, OSI_ERR_UNSUPPORTED, root,
                        "BTF: maple_range_64 or maple_arange_64 does not fit"
                        " into a node");
    }
    w->seen = g_hash_table_new(NULL, NULL);
    ok = walk_node(w, root, 0, max, 0);
    g_hash_table_unref(w->seen);
    return ok;
}

bool linux_vma_list(Linux *lx, const OsiTask *t, GArray *out, OsiError *err)
{
    const LinuxFields *f = &lx->f;
    Walk w = { .lx = lx, .mm = t->mm, .out = out, .err = err };
    bool list = f->mm_mmap.size && f->vm_next.size;
    uint64_t first;

    if (!linux_can(lx, LINUX_VMAS, err)) {
        return false;
    }
    if (t->kernel_thread || !t->mm) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->object,
                        "%d (%s) has no mappings: %s", t->pid, t->comm,
                        t->kernel_thread ? "a kernel thread" : "it has exited");
    }
    if (!list && !f->mm_root.size) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, 0,
                        "mm_struct has neither a list nor a tree of mappings");
    }
    if (!linux_is_object(lx, t->mm)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, t->mm, "0x%" PRIx64
                        " cannot be an mm", t->mm);
    }
    if (!linux_ptr(lx, t->mm, list ? &f->mm_mmap : &f->mm_root, &first, err)) {
        return false;
    }
    return list ? walk_list(&w, first) : walk_tree(&w, first);
}

void linux_row_vmas(Linux *lx, GArray *rows)
{
    const LinuxFields *f = &lx->f;
    OsiMapleShape s;
    OsiError err;

    if (!linux_can(lx, LINUX_VMAS, &err)) {
        linux_row_no(rows, "mappings", &err, LINUX_FIX_TYPES);
    } else if (f->mm_mmap.size && f->vm_next.size) {
        linux_row(rows, "mappings", "a list from mm_struct.mmap");
    } else if (f->mm_root.size) {
        shape_of(lx, &s);
        linux_row(rows, "mappings", "a maple tree from mm_struct.mm_mt, %u and"
                  " %u slots in a node", s.range.slots, s.arange.slots);
    } else {
        osi_fail(&err, OSI_ERR_UNSUPPORTED, 0,
                 "mm_struct has neither mmap nor mm_mt");
        linux_row_no(rows, "mappings", &err, LINUX_FIX_TYPES);
    }
}

const LinuxVma *linux_vma_find(const GArray *list, uint64_t va)
{
    size_t lo = 0, hi = list->len;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        const LinuxVma *v = &g_array_index(list, LinuxVma, mid);

        if (va < v->start) {
            hi = mid;
        } else if (va >= v->end) {
            lo = mid + 1;
        } else {
            return v;
        }
    }
    return NULL;
}
