/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks of Linux: process leaders hang on init_task.tasks, the threads of each
 * on its signal_struct, idle tasks on the per-CPU run queues only.
 *
 * A stop can fall into the middle of a list update. Forward pointers are kept
 * walkable for RCU readers, so `next` alone is followed, and a list that
 * breaks anyway costs its rest, not what was already found.
 */
#include "linux.h"

#define PF_KTHREAD      0x00200000u
#define EXIT_DEAD       0x10u
#define EXIT_ZOMBIE     0x20u
#define TASK_IDLE       0x402u      /* uninterruptible, not in the load */

/* Links of one task that only the walk needs. */
typedef struct Links {
    uint64_t next, thread_next, signal, leader, parent;
} Links;

static uint64_t from_block(const uint8_t *block, const OsiField *f)
{
    return osi_le(block + f->offset, f->size);
}

static char state_letter(uint64_t state, uint64_t exit_state)
{
    static const struct { uint32_t bit; char letter; } letters[] = {
        { 0x40, 'P' }, { 0x1, 'S' }, { 0x2, 'D' }, { 0x4, 'T' }, { 0x8, 't' },
        { 0x1000, 'D' },            /* TASK_RTLOCK_WAIT */
        { 0x8000, 'D' },            /* TASK_FROZEN */
    };

    if (exit_state & (EXIT_ZOMBIE | EXIT_DEAD)) {
        return exit_state & EXIT_ZOMBIE ? 'Z' : 'X';
    }
    if ((state & TASK_IDLE) == TASK_IDLE) {
        return 'I';
    }
    for (size_t i = 0; i < G_N_ELEMENTS(letters); i++) {
        if (state & letters[i].bit) {
            return letters[i].letter;
        }
    }
    return 'R';
}

static void copy_comm(char *to, const uint8_t *from)
{
    int i;

    for (i = 0; i < OSI_COMM_LEN && from[i]; i++) {
        to[i] = g_ascii_isprint(from[i]) ? from[i] : '?';
    }
    to[i] = 0;
}

/* As /proc shows it: the parent of the process, not of the thread. */
static int32_t parent_of(Linux *lx, uint64_t object, const Links *links)
{
    uint64_t parent = links->parent, tgid;

    if (links->leader != object &&
        (!linux_is_object(lx, links->leader) ||
         !linux_field(lx, links->leader, &lx->f.real_parent, &parent, NULL))) {
        return 0;
    }
    if (!linux_is_object(lx, parent) ||
        !linux_field(lx, parent, &lx->f.tgid, &tgid, NULL)) {
        return 0;
    }
    return tgid;
}

static uint32_t uid_of(Linux *lx, uint64_t cred)
{
    uint64_t uid;

    return lx->f.cred_uid.size && linux_is_object(lx, cred) &&
           linux_field(lx, cred, &lx->f.cred_uid, &uid, NULL)
        ? uid : OSI_UID_UNKNOWN;
}

/* Physical top table of an mm; table 0 when it cannot be told. */
static OsiRoot root_of(Linux *lx, uint64_t mm)
{
    OsiRoot root = { lx->kernel.root.paging, 0 };
    uint64_t pgd;
    OsiLeaf leaf;

    if (linux_is_object(lx, mm) && linux_field(lx, mm, &lx->f.pgd, &pgd, NULL) &&
        linux_is_object(lx, pgd) && pgd % linux_root_align(lx) == 0 &&
        osi_translate(lx->kernel.mem, lx->kernel.root, pgd, &leaf, NULL)) {
        root.table = leaf.pa;
    }
    return root;
}

static void fill_task(Linux *lx, uint64_t object, const uint8_t *b,
                      const Links *links, OsiTask *t)
{
    const LinuxFields *f = &lx->f;

    *t = (OsiTask) {
        .object = object,
        .pid = from_block(b, &f->pid),
        .tgid = from_block(b, &f->tgid),
        .ppid = from_block(b, &f->pid) ? parent_of(lx, object, links) : 0,
        .uid = uid_of(lx, from_block(b, &f->cred)),
        .state = state_letter(from_block(b, &f->state),
                              from_block(b, &f->exit_state)),
        .kernel_thread = from_block(b, &f->flags) & PF_KTHREAD,
        .on_cpu = from_block(b, &f->on_cpu),
        .cpu = from_block(b, &f->cpu),
        .start_time = from_block(b, &f->start_time),
        .mm = from_block(b, &f->mm),
        .kernel_stack = from_block(b, &f->stack),
    };
    copy_comm(t->comm, b + f->comm.offset);
    t->root = root_of(lx, t->mm);
}

static bool read_links(Linux *lx, uint64_t object, OsiTask *t, Links *links,
                       OsiError *err)
{
    uint8_t b[LINUX_BLOCK_MAX];
    const LinuxFields *f = &lx->f;

    if (!linux_is_object(lx, object)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, object,
                        "0x%" PRIx64 " cannot be a task", object);
    }
    if (!osi_reader_read(&lx->kernel, object, b, lx->block, err)) {
        return false;
    }
    links->next = linux_word(lx, b + f->tasks.offset);
    links->thread_next = linux_word(lx, b + f->thread_node.offset);
    links->signal = from_block(b, &f->signal);
    links->leader = from_block(b, &f->group_leader);
    links->parent = from_block(b, &f->real_parent);
    fill_task(lx, object, b, links, t);
    return true;
}

bool linux_read_task(Linux *lx, uint64_t object, OsiTask *t, OsiError *err)
{
    Links links;

    return read_links(lx, object, t, &links, err);
}

/* ---- the walk ---- */

typedef struct Walk {
    Linux *lx;
    OsiTaskFn fn;
    void *opaque;
    GHashTable *seen;       /* object addresses: cycles, and tasks met twice */
    bool stop;
} Walk;

/* First trouble wins: what follows it is usually its consequence. */
static void note(Walk *w, const OsiError *err)
{
    if (!w->lx->walk_note.kind) {
        w->lx->walk_note = *err;
    }
}

/* False when @object was met before or a bound is reached. */
static bool first_visit(Walk *w, uint64_t object)
{
    OsiError err;

    if (g_hash_table_size(w->seen) >= LINUX_TASKS_MAX) {
        osi_fail(&err, OSI_ERR_LIMIT, object, "more than %d tasks",
                 LINUX_TASKS_MAX);
        note(w, &err);
        w->stop = true;
        return false;
    }
    return g_hash_table_add(w->seen, GSIZE_TO_POINTER(object));
}

static void emit(Walk *w, const OsiTask *t)
{
    w->lx->tasks_seen++;
    if (!w->fn(w->opaque, t)) {
        w->stop = true;
    }
}

/* The other threads of @leader: from its own node round to the list head. */
static void walk_threads(Walk *w, uint64_t leader, const Links *at)
{
    uint64_t head = at->signal + w->lx->f.sig_thread_head.offset;
    uint64_t node = at->thread_next;
    OsiError err;
    Links links;
    OsiTask t;

    while (node != head && !w->stop) {
        uint64_t object = node - w->lx->f.thread_node.offset;

        if (object == leader) {
            return;
        }
        if (!first_visit(w, object)) {
            osi_fail(&err, OSI_ERR_BAD_DATA, object,
                     "list of threads returns to a task already seen");
            note(w, &err);
            return;
        }
        if (!read_links(w->lx, object, &t, &links, &err)) {
            note(w, &err);
            return;
        }
        emit(w, &t);
        node = links.thread_next;
    }
}

static void walk_leaders(Walk *w, uint64_t node)
{
    Linux *lx = w->lx;
    OsiError err;
    Links links;
    OsiTask t;

    while (node != lx->init_task + lx->f.tasks.offset && !w->stop) {
        uint64_t object = node - lx->f.tasks.offset;

        if (!first_visit(w, object)) {
            osi_fail(&err, OSI_ERR_BAD_DATA, object,
                     "list of processes returns to a task already seen");
            note(w, &err);
            return;
        }
        if (!read_links(lx, object, &t, &links, &err)) {
            note(w, &err);
            return;
        }
        lx->leaders_seen++;
        emit(w, &t);
        walk_threads(w, object, &links);
        node = links.next;
    }
}

/* ---- tasks that hang on no list ---- */

static void add_object(Walk *w, uint64_t object)
{
    Links links;
    OsiTask t;

    if (linux_is_object(w->lx, object) &&
        !g_hash_table_contains(w->seen, GSIZE_TO_POINTER(object)) &&
        first_visit(w, object) && read_links(w->lx, object, &t, &links, NULL)) {
        emit(w, &t);
    }
}

/* The per-CPU table holds copies of one value until the CPUs are counted. */
static void walk_idle(Walk *w)
{
    Linux *lx = w->lx;
    GArray *bases = linux_percpu(lx);
    uint64_t rq, idle, last = 0;

    add_object(w, lx->init_task);
    if (!lx->f.rq_idle.size || !linux_percpu_sym(lx, "runqueues", &rq)) {
        return;
    }
    for (guint i = 0; i < bases->len && !w->stop; i++) {
        uint64_t base = g_array_index(bases, uint64_t, i);

        if (base != last &&
            linux_field(lx, linux_wrap(lx, base + rq), &lx->f.rq_idle, &idle, NULL)) {
            add_object(w, idle);
        }
        last = base;
    }
}

/* A task that exits right now runs on, but hangs on no list any more. */
static void walk_current(Walk *w)
{
    for (size_t i = 0; i < w->lx->view->n_cpus && !w->stop; i++) {
        OsiTask t;

        if (linux_current(w->lx, &w->lx->view->cpus[i], &t, NULL)) {
            add_object(w, t.object);
        }
    }
}

bool linux_each_task(void *os, OsiTaskFn fn, void *opaque, OsiError *err)
{
    Linux *lx = os;
    Walk w = { .lx = lx, .fn = fn, .opaque = opaque };
    OsiTask init;
    Links links;

    if (!linux_can(lx, LINUX_TASKS, err) ||
        !read_links(lx, lx->init_task, &init, &links, err)) {
        return false;
    }
    lx->walk_note.kind = OSI_OK;
    lx->tasks_seen = lx->leaders_seen = 0;
    w.seen = g_hash_table_new(NULL, NULL);
    walk_leaders(&w, links.next);
    if (!w.stop) {
        walk_idle(&w);
        walk_current(&w);
    }
    g_hash_table_unref(w.seen);
    return true;
}
