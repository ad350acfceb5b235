/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Layout from data: what a thread has; see linux-guess.h. */
#include "linux-guess.h"

#define STACK_END_MAGIC 0x57ac6e9du     /* include/uapi/linux/magic.h */
#define STACK_MAX       65536
#define STATE_BITS      0x3ffffu        /* include/linux/sched.h: TASK_... */
#define SIGCHLD         17
#define EXIT_BITS       0x30u           /* EXIT_DEAD, EXIT_ZOMBIE */
#define TCB_SELF        16              /* glibc's tcbhead_t.self, 64 bits */
#define THREADS_MAX     65536
#define SIGNAL_MAX      512             /* of thread_head in signal_struct */

static bool mostly(size_t some, size_t all)
{
    return all && some * 10 >= all * 9;
}

/* ---- stack and state ---- */

static bool ends_stack(Guess *g, uint64_t stack)
{
    uint64_t magic;

    return linux_is_object(g->lx, stack) && stack % 4096 == 0 &&
           osi_reader_uint(&g->lx->kernel, stack, 4, &magic, NULL) &&
           magic == STACK_END_MAGIC;
}

/* The kernel marks the low end of each stack. A zombie's may be gone. */
static bool are_stacks(Guess *g, int rel)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(NULL, NULL);
    size_t good = 0, gone = 0;

    for (size_t i = 0; i < g->n; i++) {
        uint64_t stack = guess_word(g, i, rel);
        bool live = g->sample[i].kthread || g->sample[i].user;

        if (!ends_stack(g, stack)) {
            gone += !live;
            if (live) {
                return false;
            }
            continue;
        }
        if (!g_hash_table_add(seen, GSIZE_TO_POINTER(stack))) {
            return false;
        }
        good++;
    }
    return good + gone == g->n && good * 2 > g->n;
}

/* Most sleep, what runs has 0, and no bits are set but the known ones. */
static bool are_states(const Guess *g, int rel)
{
    size_t asleep = 0, good = 0;

    for (size_t i = 0; i < g->n; i++) {
        uint32_t state = guess_u32(g, i, rel);

        good += !(state & ~STATE_BITS);
        asleep += state && (state & 3) && !(state & ~STATE_BITS);
    }
    return good == g->n && asleep * 2 > g->n;
}

bool guess_stack(Guess *g, OsiError *err)
{
    LinuxFields *f = &g->lx->f;
    int rel = guess_lo(g), state;

    while (rel + (int)g->word <= GUESS_AFTER && !are_stacks(g, rel)) {
        rel += g->word;
    }
    if (rel + (int)g->word > GUESS_AFTER) {
        return osi_fail(err, OSI_ERR_NO_SUCH, guess_start(g, 1),
                        "data: no pointer to a kernel stack (a page that"
                        " begins with its end mark) in %zu tasks", g->n);
    }
    f->stack = guess_field(g, rel, g->word);
    /* Down from the stack: state, or state and saved_state. */
    for (state = rel - 4; state >= MAX(rel - 16, guess_lo(g)); state -= 4) {
        if (are_states(g, state)) {
            f->state = guess_field(g, state, 4);
            return true;
        }
    }
    return osi_fail(err, OSI_ERR_NO_SUCH, guess_start(g, 1) + f->stack.offset,
                    "data: no state in front of the stack");
}

/* ---- what the last switch left ---- */

static bool in_text(Guess *g, uint64_t va)
{
    const OsiImage *img = &g->lx->image;
    OsiLeaf leaf;

    return va - img->base < img->size &&
           osi_translate(g->lx->kernel.mem, g->lx->kernel.root, va, &leaf,
                         NULL) && leaf.executable;
}

/* How many tasks have a stack pointer at @rel with code at [sp + @ret]. */
static size_t count_switched(Guess *g, int rel, unsigned ret)
{
    int stack = (int)g->lx->f.stack.offset - g->tasks;
    size_t good = 0;

    for (size_t i = 0; i < g->n; i++) {
        uint64_t sp = guess_word(g, i, rel), low = guess_word(g, i, stack), pc;

        good += low && sp > low && sp - low < STACK_MAX && sp % g->word == 0 &&
                osi_reader_uint(&g->lx->kernel, sp + ret, g->word, &pc, NULL) &&
                in_text(g, pc);
        if (good + (g->n - i) < g->n / 2) {
            break;
        }
    }
    return good;
}

/*
 * struct inactive_task_frame: callee-saved registers, then where the switch
 * returns to: six words below it on x86-64, five (with flags) on i386.
 */
bool guess_switch(Guess *g, OsiError *err)
{
    unsigned ret = g->word == 8 ? 48 : 20;
    size_t best = 0;
    int found = 0;

    for (int rel = guess_lo(g); rel + (int)g->word <= GUESS_AFTER;
         rel += g->word) {
        size_t votes = count_switched(g, rel, ret);

        if (votes > best) {
            best = votes;
            found = rel;
        }
    }
    /* What runs has a stale one. */
    if (best * 10 < g->n * 8) {
        return osi_fail(err, OSI_ERR_NO_SUCH, guess_start(g, 1),
                        "data: only %zu of %zu tasks have a stack pointer with"
                        " a return address above it", best, g->n);
    }
    g->lx->f.thread_sp = guess_field(g, found, g->word);
    return true;
}

/* ---- threads ---- */

static bool in_group(Guess *g, uint64_t task, uint32_t tgid, uint64_t leader)
{
    uint64_t value;

    return linux_is_object(g->lx, task) &&
           osi_reader_uint(&g->lx->kernel, task + g->lx->f.tgid.offset, 4,
                           &value, NULL) && value == tgid &&
           osi_reader_uint(&g->lx->kernel, task + g->lx->f.group_leader.offset,
                           g->word, &value, NULL) && value == leader;
}

/*
 * The list through @rel of sample @i: threads of the process and exactly one
 * node that is none, its head in the signal_struct; 0 when it is no such list.
 */
static uint64_t head_of(Guess *g, size_t i, int rel)
{
    uint64_t own = g->sample[i].node + rel, node = guess_word(g, i, rel);
    uint64_t head = 0, next, prev = own, back;
    uint32_t tgid = guess_u32(g, i, g->tgid);

    for (int n = 0; node != own; n++, prev = node, node = next) {
        if (n >= THREADS_MAX || !linux_is_object(g->lx, node) ||
            !osi_reader_uint(&g->lx->kernel, node, g->word, &next, NULL) ||
            !osi_reader_uint(&g->lx->kernel, node + g->word, g->word, &back,
                             NULL) || back != prev) {
            return 0;
        }
        if (!in_group(g, node - rel - g->tasks, tgid, guess_start(g, i))) {
            if (head) {
                return 0;
            }
            head = node;
        }
    }
    return head;
}

/*
 * The word whose distance to the head is the same in every process; not the
 * list node at @node itself, which has the head for a neighbour.
 */
static bool find_signal(Guess *g, const uint64_t *head, int node, int *rel,
                        int *offset)
{
    for (int at = guess_lo(g); at + (int)g->word <= GUESS_AFTER;
         at += g->word) {
        uint64_t distance = head[0] - guess_word(g, 0, at);
        bool own = at == node || at == node + (int)g->word;
        size_t i;

        for (i = 0; !own && distance <= SIGNAL_MAX && i < g->n; i++) {
            if (head[i] - guess_word(g, i, at) != distance) {
                break;
            }
        }
        if (i == g->n) {
            *rel = at;
            *offset = distance;
            return true;
        }
    }
    return false;
}

static bool heads_at(Guess *g, int rel, uint64_t *head)
{
    for (size_t i = 0; i < g->n; i++) {
        uint64_t next = guess_word(g, i, rel);

        if (!linux_is_object(g->lx, next) ||
            next == g->sample[i].node + rel ||
            !(head[i] = head_of(g, i, rel)) || (i && head[i] == head[0])) {
            return false;
        }
    }
    return true;
}

bool guess_threads(Guess *g, OsiError *err)
{
    g_autofree uint64_t *head = g_new(uint64_t, g->n);
    LinuxFields *f = &g->lx->f;
    int signal, offset;

    for (int rel = guess_lo(g); rel + 2 * (int)g->word <= GUESS_AFTER;
         rel += g->word) {
        if (heads_at(g, rel, head) &&
            find_signal(g, head, rel, &signal, &offset)) {
            f->thread_node = guess_field(g, rel, 2 * g->word);
            f->signal = guess_field(g, signal, g->word);
            f->sig_thread_head = (OsiField) {
                .offset = offset, .size = 2 * g->word,
            };
            return true;
        }
    }
    return osi_fail(err, OSI_ERR_NO_SUCH, guess_start(g, 1),
                    "data: no list of threads that closes over one head in"
                    " each of %zu processes", g->n);
}

/* ---- how it ended ---- */

/*
 * exit_signal is SIGCHLD in nearly every process; in front of it are exit_code
 * and exit_state, and the latter is set in what has no mm and is no kernel
 * thread. Without a zombie, zeros in all the others must do.
 */
static bool are_exits(const Guess *g, int rel)
{
    size_t chld = 0;

    for (size_t i = 1; i < g->n; i++) {
        uint32_t state = guess_u32(g, i, rel);
        bool live = g->sample[i].kthread || g->sample[i].user;

        if (live ? state : state & ~EXIT_BITS) {
            return false;
        }
        chld += guess_u32(g, i, rel + 8) == SIGCHLD;
    }
    return mostly(chld, g->n - 1);
}

void guess_exit(Guess *g)
{
    int found = 0, n = 0;

    for (int rel = guess_lo(g); rel + 12 <= GUESS_AFTER; rel += 4) {
        if (are_exits(g, rel)) {
            found = rel;
            n++;
        }
    }
    if (n == 1) {
        g->lx->f.exit_state = guess_field(g, found, 4);
        g->lx->f.exit_code = guess_field(g, found + 4, 4);
    }
}

/* ---- bases ---- */

static bool points_to_itself(Guess *g, size_t i, uint64_t base)
{
    OsiRoot root = { g->lx->kernel.root.paging, 0 };
    uint64_t mm = guess_word(g, i, (int)g->lx->f.mm.offset - g->tasks), pgd;
    uint8_t b[8];
    OsiLeaf leaf;

    if (!osi_reader_uint(&g->lx->kernel, mm + g->lx->f.pgd.offset, g->word,
                         &pgd, NULL) ||
        !osi_translate(g->lx->kernel.mem, g->lx->kernel.root, pgd, &leaf,
                       NULL)) {
        return false;
    }
    root.table = leaf.pa;
    return osi_read(g->lx->kernel.mem, root, base + TCB_SELF, b, 8, NULL) &&
           osi_le64(b) == base;
}

/* glibc keeps the address of a thread's block in the block itself. */
void guess_bases(Guess *g)
{
    int sp = (int)g->lx->f.thread_sp.offset - g->tasks;

    if (g->word != 8 || !g->lx->f.thread_sp.size) {
        return;
    }
    for (int rel = sp + 8; rel < sp + 128 && rel + 16 <= GUESS_AFTER;
         rel += 8) {
        size_t good = 0, set = 0;

        for (size_t i = 0; i < g->n; i++) {
            uint64_t base = guess_word(g, i, rel);

            if (g->sample[i].user && base) {
                set++;
                good += points_to_itself(g, i, base);
            }
        }
        if (set && mostly(good, set)) {
            g->lx->f.fsbase = guess_field(g, rel, 8);
            g->lx->f.gsbase = guess_field(g, rel + 8, 8);
            return;
        }
    }
}

/* ---- on a CPU ---- */

/*
 * Two words behind flags, where there is more than one CPU: 1 in as many
 * tasks, at most, as there are CPUs. A byte is enough of it.
 */
void guess_on_cpu(Guess *g)
{
    size_t cpus = g->lx->view->n_cpus, on = 0;
    int rel = (int)g->lx->f.flags.offset - g->tasks + 8;

    if (cpus < 2 || rel + 4 > GUESS_AFTER) {
        return;
    }
    for (size_t i = 0; i < g->n; i++) {
        uint8_t value = guess_u32(g, i, rel);

        if (value > 1) {
            return;
        }
        on += value;
    }
    /* Nobody on a CPU: any word that is zero would do. */
    if (on && on <= cpus) {
        g->lx->f.on_cpu = guess_field(g, rel, 1);
    }
}
