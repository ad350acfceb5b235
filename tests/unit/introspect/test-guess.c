/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layout from data: forged guests without BTF or symbols, of both word sizes,
 * whose structures are laid out by chance. All that is found must be where it
 * was put; after damage it may be missing, but never be wrong.
 */
#include "forge.h"
#include "guest-private.h"
#include "linux.h"

#define RAM         (12u << 20)
#define IMAGE_PA    (4u << 20)
#define TEXT        (2u << 20)
#define BANNER      0x1000
#define ENTRY       0x2000
#define SWITCH      0x3000          /* where switches return to */
#define STALE       TEXT            /* a dead process's top table */
#define INIT_MM     (TEXT + 0x1000)
#define TOP         (TEXT + 0x2000) /* the kernel's own top table */
#define INIT_TASK   (TEXT + 0x8000)
#define INIT_SIGNAL (TEXT + 0x4000)
#define SIGNAL_HEAD 24
#define LEADERS     16
#define THREADS     2
#define TASKS       (LEADERS + THREADS)
#define ZOMBIE      9
#define PARENT      12              /* has the threads */

/* Offsets in task_struct, and in mm_struct. */
typedef struct Layout {
    int stack, state, flags, tasks, mm, exit, pid, parent, leader, node, times,
        comm, signal, sp, size, pgd, auxv;
} Layout;

typedef struct Guest {
    Forge *f;
    unsigned word;
    OsiRoot root;
    uint64_t direct, base;          /* physical 0, image: virtual */
    uint64_t objects;               /* physical, where they begin */
    Layout l;
    OsiCpu cpu;
    uint64_t task[TASKS], stack[TASKS], mm[TASKS], pgd[TASKS];
} Guest;

static uint8_t *at(Guest *k, uint64_t va)
{
    uint64_t pa = va >= k->base && va - k->base < RAM - IMAGE_PA && k->word == 8
        ? va - k->base + IMAGE_PA : va - k->direct;

    g_assert_cmpuint(pa, <, RAM);
    return k->f->ram + pa;
}

static void word(Guest *k, uint64_t va, uint64_t v)
{
    k->word == 8 ? put64(at(k, va), v) : put32(at(k, va), v);
}

static uint64_t object(Guest *k, size_t bytes)
{
    uint64_t pa = k->f->next;

    for (size_t n = 0; n < bytes; n += 4096) {
        forge_page(k->f);
    }
    return k->direct + pa;
}

/* @bytes at the next place with a hole of any size before it. */
static int place(GRand *r, int *next, int bytes, unsigned word)
{
    int from = *next + g_rand_int_range(r, 0, 12) * word;

    *next = from + bytes;
    return from;
}

static Layout random_layout(GRand *r, unsigned w)
{
    int next = 8, mm = 0;
    Layout l;

    l.state = place(r, &next, 2 * w, w);
    l.stack = l.state + w;
    l.flags = place(r, &next, 8, 8);
    l.tasks = place(r, &next, 2 * w, w);
    l.mm = place(r, &next, 2 * w, w);
    l.exit = place(r, &next, 16, w);
    l.pid = place(r, &next, 8, w);
    l.parent = place(r, &next, 2 * w, w);
    if (l.parent - l.pid > 64) {
        next = l.pid + 8 + 2 * w;
        l.parent = l.pid + 8;
    }
    l.leader = place(r, &next, w, w);
    if (l.leader - l.parent > 64) {
        l.leader = l.parent + 2 * w;
        next = l.leader + w;
    }
    l.node = place(r, &next, 2 * w, w);
    next = (next + 7) & ~7;
    l.times = place(r, &next, 16, 8);
    l.comm = place(r, &next, 16, w);
    l.signal = place(r, &next, w, w);
    l.sp = place(r, &next, w, w);
    l.size = next;
    l.pgd = place(r, &mm, w, w);
    mm += 4 * w;
    l.auxv = place(r, &mm, 8 * w, w);
    return l;
}

/* ---- address spaces ---- */

static void map_all(Guest *k, OsiRoot root)
{
    for (uint64_t pa = 0; pa < RAM; pa += 2 << 20) {
        bool text = pa == IMAGE_PA;

        forge_map(k->f, root, k->direct + pa, pa, 21,
                  FORGE_P | (text ? 0 : FORGE_RW | FORGE_NX));
        if (k->word == 8 && pa >= IMAGE_PA && pa < IMAGE_PA + 2 * TEXT) {
            forge_map(k->f, root, k->base + pa - IMAGE_PA, pa, 21,
                      FORGE_P | FORGE_RW);
        }
    }
}

static uint64_t new_pgd(Guest *k)
{
    uint64_t pa = forge_page(k->f);

    memcpy(k->f->ram + pa, k->f->ram + k->root.table, 4096);
    return k->direct + pa;
}

static void put_auxv(Guest *k, uint64_t mm)
{
    const uint64_t pairs[] = { 16, 0x1234, 6, 4096, 9, 0x8048000, 25,
                               0xbffff000, 0, 0 };
    uint64_t args = mm + k->l.auxv - 4 * k->word;

    for (int i = 0; i < 4; i++) {
        word(k, args + i * k->word, 0xbfffe000u + 16 * i);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
        word(k, mm + k->l.auxv + i * k->word, pairs[i]);
    }
}

/* ---- tasks ---- */

static void put_stack(Guest *k, int i, bool user)
{
    unsigned size = k->word == 8 ? 16384 : 8192, pad = k->word == 8 ? 0 : 8;
    uint64_t top, sp, stack = k->stack[i] = object(k, size);

    put32(at(k, stack), 0x57ac6e9d);
    sp = stack + size - 0x400;
    word(k, k->task[i] + k->l.sp, sp);
    word(k, sp + (k->word == 8 ? 48 : 20), k->base + SWITCH);
    top = stack + size - pad;
    if (user) {
        word(k, top - (k->word == 8 ? 4 : 4) * k->word,
             k->word == 8 ? 0x33 : 0x73);
        word(k, top - k->word, k->word == 8 ? 0x2b : 0x7b);
    }
}

static void put_task(Guest *k, int i)
{
    static const char *const names[] = { "swapper/0", "init", "kthreadd" };
    bool user = i == 1 || i >= 7, thread = i >= LEADERS;
    int leader = thread ? PARENT : i;
    uint64_t t = k->task[i];

    k->mm[i] = thread ? k->mm[PARENT] : 0;
    if (user && !thread && i != ZOMBIE) {
        k->mm[i] = object(k, 4096);
        k->pgd[i] = new_pgd(k);
        word(k, k->mm[i] + k->l.pgd, k->pgd[i]);
        put_auxv(k, k->mm[i]);
    }
    put_stack(k, i, user);
    word(k, t, object(k, 4096));        /* a page, but no stack */
    word(k, t + k->l.stack, i == ZOMBIE ? 0 : k->stack[i]);
    put32(at(k, t + k->l.state), i == ZOMBIE ? 0x80 : !!i);
    put32(at(k, t + k->l.flags), user ? 0x400000 : 0x200000);
    word(k, t + k->l.mm, k->mm[i]);
    word(k, t + k->l.mm + k->word, k->mm[i]);
    put32(at(k, t + k->l.exit), i == ZOMBIE ? 0x20 : 0);
    put32(at(k, t + k->l.exit + 8), i && !thread ? 17 : 0);
    put32(at(k, t + k->l.pid), i < 3 ? i : 10 * i);
    put32(at(k, t + k->l.pid + 4), leader < 3 ? leader : 10 * leader);
    for (unsigned p = 0; p < 2; p++) {
        word(k, t + k->l.parent + p * k->word,
             k->task[i < 3 ? 0 : user ? 1 : 2]);
    }
    word(k, t + k->l.leader, k->task[leader]);
    put64(at(k, t + k->l.times), 100000000ull * i);
    put64(at(k, t + k->l.times + 8), 100000000ull * i + 5);
    g_snprintf((char *)at(k, t + k->l.comm), 16, i < 3 ? names[i] : "task %d",
               i);
}

static void circle(Guest *k, const uint64_t *node, int n)
{
    for (int i = 0; i < n; i++) {
        word(k, node[i], node[(i + 1) % n]);
        word(k, node[(i + 1) % n] + k->word, node[i]);
    }
}

static void put_lists(Guest *k)
{
    uint64_t node[LEADERS], signal;

    for (int i = 0; i < LEADERS; i++) {
        node[i] = k->task[i] + k->l.tasks;
    }
    circle(k, node, LEADERS);
    for (int i = 0; i < LEADERS; i++) {
        signal = i ? object(k, 4096) : k->base + INIT_SIGNAL;
        node[0] = signal + SIGNAL_HEAD;
        node[1] = k->task[i] + k->l.node;
        word(k, k->task[i] + k->l.signal, signal);
        for (int n = 0; i == PARENT && n < THREADS; n++) {
            node[2 + n] = k->task[LEADERS + n] + k->l.node;
            word(k, k->task[LEADERS + n] + k->l.signal, signal);
        }
        circle(k, node, i == PARENT ? 2 + THREADS : 2);
    }
}

/* ---- the whole ---- */

static void put_cpu(Guest *k)
{
    uint64_t idt = object(k, 4096), entry = k->base + ENTRY;
    uint64_t tss = object(k, 4096);
    uint8_t *gate = at(k, idt + 14 * 2 * k->word);

    put16(gate, entry);
    put16(gate + 6, entry >> 16);
    if (k->word == 8) {
        put32(gate + 8, entry >> 32);
    }
    word(k, tss + 12, k->stack[8] + (k->word == 8 ? 16384 : 8192 - 8));
    k->cpu = (OsiCpu) {
        .cr0 = 0x80050033, .cr3 = k->pgd[8] - k->direct, .cr4 = 0x20,
        .efer = k->word == 8 ? 0xd01 : 0x800, .idt_base = idt, .tr_base = tss,
        .cpl = 3,
    };
}

static Guest *guest(unsigned w, guint32 seed)
{
    static const char banner[] = "Linux version 9.9.9-guess (nobody@nowhere)"
                                 " (no compiler) #1 SMP and so on and so forth"
                                 ".........................................\n";
    g_autoptr(GRand) r = g_rand_new_with_seed(seed);
    Guest *k = g_new0(Guest, 1);

    k->f = forge_new(RAM);
    k->word = w;
    k->l = random_layout(r, w);
    k->direct = w == 8 ? 0xffff888000000000ull : 0xc0000000ull;
    k->base = w == 8 ? 0xffffffff9a000000ull : k->direct + IMAGE_PA;
    k->root = (OsiRoot) { w == 8 ? OSI_PAGING_4LEVEL : OSI_PAGING_PAE,
                          IMAGE_PA + TOP };
    map_all(k, k->root);
    memcpy(k->f->ram + IMAGE_PA + STALE, k->f->ram + k->root.table, 4096);
    strcpy((char *)at(k, k->base + BANNER), banner);
    word(k, k->base + INIT_MM + 8, k->base + TOP);
    k->f->next = IMAGE_PA + 2 * TEXT;
    k->objects = k->f->next;
    for (int i = 0; i < TASKS; i++) {
        k->task[i] = i ? object(k, 4096) + 64 * g_rand_int_range(r, 0, 16)
                       : k->base + INIT_TASK;
    }
    for (int i = 0; i < TASKS; i++) {
        put_task(k, i);
    }
    put_lists(k);
    put_cpu(k);
    return k;
}

static void guest_free(Guest *k)
{
    forge_free(k->f);
    g_free(k);
}

static OsiGuest *stopped(Guest *k)
{
    OsiGuest *g = osi_guest_new(&k->f->mem);

    osi_guest_stopped(g, &k->cpu, 1);
    return g;
}

/* A member that was found must be where it was put. */
static void check_layout(const Guest *k, OsiGuest *g)
{
    const LinuxFields *f = &((Linux *)g->os)->f;
    const struct { const OsiField *f; int at; const char *name; } want[] = {
        { &f->stack, k->l.stack, "stack" }, { &f->state, k->l.state, "state" },
        { &f->flags, k->l.flags, "flags" }, { &f->tasks, k->l.tasks, "tasks" },
        { &f->mm, k->l.mm, "mm" }, { &f->exit_state, k->l.exit, "exit_state" },
        { &f->pid, k->l.pid, "pid" }, { &f->tgid, k->l.pid + 4, "tgid" },
        { &f->real_parent, k->l.parent, "real_parent" },
        { &f->group_leader, k->l.leader, "group_leader" },
        { &f->thread_node, k->l.node, "thread_node" },
        { &f->start_time, k->l.times + 8, "start_time" },
        { &f->comm, k->l.comm, "comm" }, { &f->signal, k->l.signal, "signal" },
        { &f->thread_sp, k->l.sp, "sp" }, { &f->pgd, k->l.pgd, "pgd" },
        { &f->sig_thread_head, SIGNAL_HEAD, "thread_head" },
        { &f->saved_auxv, k->l.auxv, "auxv" },
        { &f->arg_start, k->l.auxv - 4 * (int)k->word, "arg_start" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(want); i++) {
        if (want[i].f->size && (int)want[i].f->offset != want[i].at) {
            g_error("%s found at %u, is at %d", want[i].name,
                    want[i].f->offset, want[i].at);
        }
    }
}

static void check_task(const Guest *k, int i, const OsiTask *t)
{
    bool user = i == 1 || i >= 7;

    g_assert_cmphex(t->object, ==, k->task[i]);
    g_assert_cmpint(t->tgid, ==, i >= LEADERS ? 10 * PARENT : i < 3 ? i
                                                                    : 10 * i);
    g_assert_cmpint(t->ppid, ==, i < 3 ? 0 : user ? 1 : 2);
    g_assert_cmpint(t->state, ==, i == ZOMBIE ? 'Z' : 'S');
    g_assert_cmpint(t->kernel_thread, ==, !user);
    g_assert_cmpuint(t->start_time, ==, 100000000ull * i + 5);
    if (i >= LEADERS) {
        i = PARENT;
    }
    g_assert_cmphex(t->root.table, ==, k->pgd[i] ? k->pgd[i] - k->direct : 0);
}

static void check_whole(unsigned w, guint32 seed)
{
    Guest *k = guest(w, seed);
    OsiGuest *g = stopped(k);
    OsiError err = { 0 };
    const OsiTask *t;
    OsiUserRegs regs;
    OsiRoot root;
    size_t n;

    t = osi_tasks(g, &n, &err);
    g_assert_cmpstr(err.message, ==, "");
    g_assert_cmpuint(n, ==, TASKS);
    check_layout(k, g);
    g_assert_cmpuint(osi_word(g), ==, w);
    for (int i = 1; i < TASKS; i++) {
        t = osi_task_by_pid(g, i < 3 ? i : 10 * i, &err);
        g_assert_cmpstr(err.message, ==, "");
        check_task(k, i, t);
    }
    /* The top table in the image, which a process has a copy of. */
    g_assert_true(osi_kernel_root(g, &root, NULL));
    g_assert_cmphex(root.table, ==, k->root.table);
    g_assert_cmpint(root.paging, ==, k->root.paging);
    t = osi_current_task(g, 0, &err);
    g_assert_cmpstr(err.message, ==, "");
    g_assert_cmpint(t->pid, ==, 80);
    g_assert_true(osi_saved_user_regs(g, osi_task_by_pid(g, 100, NULL), &regs,
                                      &err));
    g_assert_cmphex(regs.cs, ==, w == 8 ? 0x33 : 0x73);
    osi_guest_free(g);
    guest_free(k);
}

static void test_layouts(void)
{
    for (guint32 seed = 1; seed <= 30; seed++) {
        check_whole(8, seed);
        check_whole(4, seed);
    }
}

/* Damage among the objects and in init_task; page tables stay. */
static void damage(Guest *k, GRand *r)
{
    int words = g_rand_int_range(r, 1, 40);

    for (int n = 0; n < words; n++) {
        int i = g_rand_int_range(r, 0, TASKS);
        uint64_t va = k->task[i] + g_rand_int_range(r, 0, k->l.size / 4) * 4;

        if (n % 4 == 3) {
            va = k->direct + k->objects +
                 g_rand_int_range(r, 0, (k->f->next - k->objects) / 4) * 4;
        }
        switch (g_rand_int_range(r, 0, 4)) {
        case 0:
            *at(k, va) ^= 1 << g_rand_int_range(r, 0, 8);
            break;
        case 1:
            put32(at(k, va), 0);
            break;
        case 2:
            put32(at(k, va), g_rand_int(r));
            break;
        default:        /* another pointer, or the like */
            memcpy(at(k, va), at(k, k->task[g_rand_int_range(r, 0, TASKS)] +
                                 g_rand_int_range(r, 0, k->l.size / 4) * 4), 4);
        }
    }
}

static void test_damage(void)
{
    int refused = 0, rounds = 400;

    for (int i = 0; i < rounds; i++) {
        g_autoptr(GRand) r = g_rand_new_with_seed(1000 + i);
        Guest *k = guest(i % 2 ? 8 : 4, i);
        OsiError err = { 0 };
        OsiGuest *g;
        size_t n;

        damage(k, r);
        g = stopped(k);
        if (osi_tasks(g, &n, &err)) {
            check_layout(k, g);
        } else {
            refused++;
            g_assert_cmpstr(err.message, !=, "");
        }
        g_assert_cmpuint(k->f->reads, <, 2000000);
        osi_guest_free(g);
        guest_free(k);
    }
    g_test_message("%d of %d damaged guests refused", refused, rounds);
    g_assert_cmpint(refused, >, rounds / 20);
    g_assert_cmpint(refused, <, rounds);
}

/* Too little has happened yet: the reason is said, and asked again later. */
static void test_early(void)
{
    Guest *k = guest(8, 1);
    uint64_t node[3], first = k->task[0] + k->l.tasks, rest[2];
    OsiError err = { 0 };
    OsiGuest *g;
    size_t n;

    for (int i = 0; i < 3; i++) {
        node[i] = k->task[i] + k->l.tasks;
    }
    memcpy(rest, at(k, first), 16);
    circle(k, node, 3);
    g = stopped(k);
    g_assert_cmpstr(osi_guest_name(g), ==, "Linux 9.9.9-guess");
    g_assert_null(osi_tasks(g, &n, &err));
    g_assert_nonnull(strstr(err.message, "3 tasks"));
    g_assert_cmphex(err.address, !=, 0);
    put_lists(k);
    osi_guest_stopped(g, &k->cpu, 1);
    g_assert_nonnull(osi_tasks(g, &n, NULL));
    g_assert_cmpuint(n, ==, TASKS);
    osi_guest_free(g);
    guest_free(k);
}

static void set_mm(Guest *k, int i, uint64_t mm, uint64_t active)
{
    word(k, k->task[i] + k->l.mm, mm);
    word(k, k->task[i] + k->l.mm + k->word, active);
}

/* Nearly all user tasks exit or have not begun, one is in an exec. */
static void test_young(void)
{
    for (guint32 seed = 1; seed <= 20; seed++) {
        Guest *k = guest(seed % 2 ? 8 : 4, seed);
        OsiError err = { 0 };
        OsiGuest *g;
        size_t n;

        for (int i = 7; i < LEADERS; i++) {
            if (i != 8 && i != PARENT) {
                set_mm(k, i, 0, 0);
            }
        }
        set_mm(k, 8, k->mm[8], k->mm[7]);
        g = stopped(k);
        osi_tasks(g, &n, &err);
        g_assert_cmpstr(err.message, ==, "");
        g_assert_cmpuint(n, ==, TASKS);
        check_layout(k, g);
        osi_guest_free(g);
        /* Control: pid 1 has none yet. */
        set_mm(k, 1, 0, k->mm[1]);
        g = stopped(k);
        g_assert_null(osi_tasks(g, &n, &err));
        g_assert_nonnull(strstr(err.message, "mm"));
        osi_guest_free(g);
        guest_free(k);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/guess/layouts", test_layouts);
    g_test_add_func("/guess/damage", test_damage);
    g_test_add_func("/guess/early", test_early);
    g_test_add_func("/guess/young", test_young);
    return g_test_run();
}
