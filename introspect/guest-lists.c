/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of the guest's objects, read once between two stops; and memory of a
 * process, which needs one of them.
 */
#include <inttypes.h>
#include <string.h>
#include "guest-private.h"

#define PAGE 4096

typedef enum ListKind {
    LIST_VMAS, LIST_LIBRARIES, LIST_FILES, LIST_MODULES, LIST_SECTIONS,
} ListKind;

typedef struct Key {
    uint64_t object;
    ListKind kind;
} Key;

static void clear_vma(gpointer p)
{
    g_free(((OsiVma *)p)->path);
}

static void clear_library(gpointer p)
{
    g_free(((OsiLibrary *)p)->name);
}

static void clear_file(gpointer p)
{
    g_free(((OsiFile *)p)->path);
}

static const struct { size_t size; GDestroyNotify clear; } shapes[] = {
    [LIST_VMAS] = { sizeof(OsiVma), clear_vma },
    [LIST_LIBRARIES] = { sizeof(OsiLibrary), clear_library },
    [LIST_FILES] = { sizeof(OsiFile), clear_file },
    [LIST_MODULES] = { sizeof(OsiModule), NULL },
    [LIST_SECTIONS] = { sizeof(OsiSection), NULL },
};

static guint key_hash(gconstpointer p)
{
    const Key *k = p;

    return k->kind ^ (guint)k->object ^ (guint)(k->object >> 32);
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
    const Key *x = a, *y = b;

    return x->kind == y->kind && x->object == y->object;
}

static void free_list(gpointer p)
{
    OsiList *l = p;

    g_array_unref(l->rows);
    g_free(l);
}

void osi_forget_lists(OsiGuest *g)
{
    g_clear_pointer(&g->lists, g_hash_table_unref);
}

/* The list of that kind and object; *fresh: it is to be filled now. */
static OsiList *list_of(OsiGuest *g, ListKind kind, uint64_t object,
                        bool *fresh)
{
    Key key = { object, kind };
    OsiList *l;

    if (!g->lists) {
        g->lists = g_hash_table_new_full(key_hash, key_equal, g_free,
                                         free_list);
    }
    l = g_hash_table_lookup(g->lists, &key);
    *fresh = !l;
    if (!l) {
        l = g_new0(OsiList, 1);
        l->rows = g_array_new(false, true, shapes[kind].size);
        g_array_set_clear_func(l->rows, shapes[kind].clear);
        g_hash_table_insert(g->lists, g_memdup2(&key, sizeof(key)), l);
    }
    return l;
}

static const void *filled(OsiGuest *g, OsiList *l, bool fresh, bool ok,
                          const OsiError *why, size_t *n, OsiError *err)
{
    if (fresh) {
        l->ok = ok;
        l->why = *why;
        if (!ok) {
            osi_asked(g, &l->why);
            g_array_set_size(l->rows, 0);
        }
    }
    if (!l->ok) {
        if (err) {
            *err = l->why;
        }
        return NULL;
    }
    *n = l->rows->len;
    /* An empty list is not an error: never NULL. */
    return l->rows->data ? l->rows->data : "";
}

#define LIST(g, kind, object, op, n, err, ...) do { \
    OsiError why = { 0 }; \
    OsiList *l; \
    bool fresh, ok = false; \
    if (!OSI_CAN(g, op, err)) { \
        return NULL; \
    } \
    l = list_of(g, kind, object, &fresh); \
    if (fresh) { \
        ok = (g)->provider->op((g)->os, __VA_ARGS__, l->rows, &why); \
    } \
    return filled(g, l, fresh, ok, &why, n, err); \
} while (0)

/* Threads of one process share what hangs on its address space. */
static uint64_t process_object(const OsiTask *t)
{
    return t->mm ? t->mm : t->object;
}

const OsiVma *osi_vmas(OsiGuest *g, const OsiTask *t, size_t *n, OsiError *err)
{
    LIST(g, LIST_VMAS, process_object(t), vmas, n, err, t);
}

const OsiLibrary *osi_libraries(OsiGuest *g, const OsiTask *t, size_t *n,
                                OsiError *err)
{
    LIST(g, LIST_LIBRARIES, process_object(t), libraries, n, err, t);
}

const OsiFile *osi_files(OsiGuest *g, const OsiTask *t, size_t *n,
                         OsiError *err)
{
    LIST(g, LIST_FILES, t->object, files, n, err, t);
}

const OsiModule *osi_modules(OsiGuest *g, size_t *n, OsiError *err)
{
    OsiError why = { 0 };
    OsiList *l;
    bool fresh, ok = false;

    if (!OSI_CAN(g, modules, err)) {
        return NULL;
    }
    l = list_of(g, LIST_MODULES, 0, &fresh);
    if (fresh) {
        ok = g->provider->modules(g->os, l->rows, &why);
    }
    return filled(g, l, fresh, ok, &why, n, err);
}

const OsiSection *osi_module_sections(OsiGuest *g, const OsiModule *m,
                                      size_t *n, OsiError *err)
{
    LIST(g, LIST_SECTIONS, m->object, module_sections, n, err, m);
}

/* ---- memory of a process ---- */

static const OsiVma *find_vma(const OsiVma *v, size_t n, uint64_t va)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;

        if (va < v[mid].start) {
            hi = mid;
        } else if (va >= v[mid].end) {
            lo = mid + 1;
        } else {
            return &v[mid];
        }
    }
    return NULL;
}

const OsiVma *osi_vma_at(OsiGuest *g, const OsiTask *t, uint64_t va,
                         OsiError *err)
{
    size_t n;
    const OsiVma *v = osi_vmas(g, t, &n, err);

    if (!v) {
        return NULL;
    }
    v = find_vma(v, n, va);
    if (!v) {
        osi_fail(err, OSI_ERR_UNMAPPED, va,
                 "%d (%s) has nothing at 0x%" PRIx64, t->pid, t->comm, va);
    }
    return v;
}

static bool read_absent(OsiGuest *g, const OsiTask *t, uint64_t va,
                        uint8_t *page, OsiError *err)
{
    const OsiVma *vma = osi_vma_at(g, t, va, err);

    if (!vma || !OSI_CAN(g, absent_page, err)) {
        return false;
    }
    if (!(vma->rights & OSI_READ)) {
        return osi_fail(err, OSI_ERR_UNMAPPED, va, "0x%" PRIx64
                        " may not be read by %d (%s)", va, t->pid, t->comm);
    }
    return g->provider->absent_page(g->os, t, vma, va, page, err);
}

bool osi_process_read(OsiGuest *g, const OsiTask *t, uint64_t va, void *buf,
                      size_t len, OsiError *err)
{
    uint8_t *to = buf;

    if (!osi_ask(g, err)) {
        return false;
    }
    if (!t->root.table) {
        return osi_fail(err, OSI_ERR_NO_SUCH, t->object,
                        "%d (%s) has no address space", t->pid, t->comm);
    }
    while (len) {
        size_t part = MIN(len, PAGE - va % PAGE);
        uint8_t page[PAGE];

        if (!osi_read(&g->view.mem, t->root, va, to, part, NULL)) {
            if (!read_absent(g, t, va - va % PAGE, page, err)) {
                osi_asked(g, err);
                return false;
            }
            memcpy(to, page + va % PAGE, part);
        }
        va += part;
        to += part;
        len -= part;
    }
    return true;
}
