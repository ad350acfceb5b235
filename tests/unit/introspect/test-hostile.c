/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Linux provider on guests that lie: layouts that wrap around, symbols
 * that only a profile has, another kernel at the same addresses.
 */
#include <inttypes.h>
#include "forge-parts.h"

#define BTF_AT      0x8000          /* in the image; forge-kernel.c */
#define FAR         0x1fffffffu     /* bytes that one member can be away */
#define CHAIN       8

static const ForgeOptions plain = { FORGE_BEFORE_PERCPU, OSI_PAGING_4LEVEL };

static uint32_t get32(const uint8_t *p)
{
    return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* ---- members of the forged BTF, in place ---- */

typedef struct Types {
    uint8_t *first, *end;
    const char *strings;
} Types;

static Types types_of(ForgeKernel *k)
{
    uint8_t *h = forge_at(k, FK_BASE + BTF_AT);
    uint8_t *body = h + get32(h + 4);

    return (Types) { body + get32(h + 8), body + get32(h + 8) + get32(h + 12),
                     (char *)body + get32(h + 16) };
}

static size_t type_bytes(const uint8_t *t)
{
    uint32_t info = get32(t + 4);

    switch (info >> 24 & 31) {
    case BTF_INT:
        return 16;
    case BTF_ARRAY:
        return 24;
    case BTF_STRUCT:
        return 12 + 12 * (info & 0xffff);
    default:
        return 12;
    }
}

static uint8_t *find_type(const Types *t, const char *name, uint32_t *id)
{
    *id = 1;
    for (uint8_t *p = t->first; p < t->end; p += type_bytes(p), ++*id) {
        if (!strcmp(t->strings + get32(p), name)) {
            return p;
        }
    }
    g_error("no type %s", name);
}

/* {u32 name, u32 type, u32 bits} */
static uint8_t *find_member(ForgeKernel *k, const char *type, const char *name)
{
    Types t = types_of(k);
    uint32_t id;
    uint8_t *p = find_type(&t, type, &id);

    for (uint32_t i = 0; i < (get32(p + 4) & 0xffff); i++) {
        if (!strcmp(t.strings + get32(p + 12 + 12 * i), name)) {
            return p + 12 + 12 * i;
        }
    }
    g_error("no member %s", name);
}

/*
 * Move a member of task_struct or pt_regs to 4 GiB - 4: through anonymous
 * structs, each as far inside the one before as bits can say. They take the
 * place of types that nobody asks for.
 */
static void move_far(ForgeKernel *k, const char *type, const char *name)
{
    uint8_t *m = find_member(k, type, name), *p;
    uint32_t id, text = get32(m), of = get32(m + 4);
    Types t = types_of(k);

    p = find_type(&t, "filler", &id);
    for (int i = 0; i < CHAIN; i++, p += 24) {
        bool last = i == CHAIN - 1;

        put32(p, 0);
        put32(p + 4, BTF_STRUCT << 24 | 1);
        put32(p + 8, 8);
        put32(p + 12, last ? text : 0);
        put32(p + 16, last ? of : id + i + 1);
        put32(p + 20, FAR * 8);
    }
    put32(m, 0);
    put32(m + 4, id);
    put32(m + 8, 4 * 8);
}

static void ask_all(ForgeKernel *k)
{
    OsiGuest *g = osi_guest_new(&k->f->mem);
    OsiError err = { 0 };
    OsiKernelRegs kr;
    OsiUserRegs ur;
    const OsiTask *t;
    size_t n = 0;

    osi_guest_stopped(g, k->cpu, 2);
    osi_guest_features(g, &n);
    g_assert_cmpuint(n, >, 0);
    t = osi_tasks(g, &n, &err);
    for (size_t i = 0; t && i < n; i++) {
        osi_saved_user_regs(g, &t[i], &ur, &err);
        osi_kernel_regs(g, &t[i], &kr, &err);
    }
    osi_guest_free(g);
}

static void test_far_member(void)
{
    static const char *const names[] = { "exit_state", "cpu", "comm" };

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        ForgeKernel *k = forge_kernel(plain);

        if (!strcmp(names[i], "cpu")) {
            move_far(k, "thread_info", names[i]);
        } else {
            move_far(k, "task_struct", names[i]);
        }
        ask_all(k);
        forge_kernel_free(k);
    }
}

static void test_far_register(void)
{
    ForgeKernel *k = forge_kernel(plain);

    move_far(k, "pt_regs", "ss");
    ask_all(k);
    forge_kernel_free(k);
}

/* The last bytes of a member lie behind what is read of a switch frame. */
static void test_frame_edge(void)
{
    ForgeKernel *k = forge_kernel(plain);
    OsiGuest *g = osi_guest_new(&k->f->mem);
    OsiKernelRegs r;

    put32(find_member(k, "inactive_task_frame", "r12") + 8, 63 * 8);
    osi_guest_stopped(g, k->cpu, 2);
    g_assert_true(osi_kernel_regs(g, osi_task_by_pid(g, 12, NULL), &r, NULL));
    g_assert_cmphex(r.r12, ==, 0);
    g_assert_cmphex(r.r13, ==, 0xd);
    osi_guest_free(g);
    forge_kernel_free(k);
}

/* ---- symbols of a profile alone ---- */

static char *system_map(void)
{
    GString *s = g_string_new(NULL);

    g_string_append_printf(s, "%" PRIx64 " T _text\n"
                           "%" PRIx64 " D linux_banner\n"
                           "%" PRIx64 " D sys_call_table\n",
                           (uint64_t)FK_BASE, (uint64_t)FK_BASE + 0x1000,
                           (uint64_t)FK_BASE + FK_CALLS);
    for (int i = 0; i < 200; i++) {
        g_string_append_printf(s, "%" PRIx64 " T sys_filler%d\n",
                               (uint64_t)FK_FUNCTION(i), i);
    }
    return g_string_free(s, false);
}

static void test_map_alone(void)
{
    ForgeKernel *k = forge_kernel((ForgeOptions) {
        FORGE_BEFORE_PERCPU, OSI_PAGING_4LEVEL, .no_kallsyms = true });
    uint64_t at = k->stack[FK_THR2] + FK_STACK - 168;
    OsiGuest *g = osi_guest_new(&k->f->mem);
    g_autofree char *map = system_map();
    OsiError err = { 0 };
    OsiSyscall sc;

    forge_poke(k, at + 15 * 8, 7);
    osi_guest_profile(g, NULL, 0, map, strlen(map), &err);
    g_assert_cmpstr(err.message, ==, "");
    osi_guest_stopped(g, k->cpu, 2);
    g_assert_true(osi_syscall(g, osi_task_by_pid(g, 12, &err), &sc, &err));
    g_assert_cmpint(sc.number, ==, 7);
    g_assert_cmpstr(sc.name, ==, "filler7");
    osi_guest_free(g);
    forge_kernel_free(k);
}

/* ---- another kernel where one was ---- */

/* The same release, built anew: only the end of the banner differs. */
static void test_rebuilt(void)
{
    ForgeKernel *k = forge_kernel(plain);
    OsiGuest *g = osi_guest_new(&k->f->mem);
    uint64_t reads;
    size_t n;

    osi_guest_stopped(g, k->cpu, 2);
    g_assert_nonnull(osi_tasks(g, &n, NULL));
    osi_guest_stopped(g, k->cpu, 2);
    reads = k->f->reads;
    g_assert_nonnull(osi_tasks(g, &n, NULL));
    reads = k->f->reads - reads;
    strcpy(strstr((char *)forge_at(k, FK_BASE + 0x1000), "#1 SMP"), "#2 SMP\n");
    osi_guest_stopped(g, k->cpu, 2);
    k->f->reads = 0;
    g_assert_nonnull(osi_tasks(g, &n, NULL));
    /* It is looked for from the beginning. */
    g_assert_cmpuint(k->f->reads, >, reads);
    osi_guest_free(g);
    forge_kernel_free(k);
}

/*
 * As after a crash: the old kernel's memory is untouched, the CPUs run another
 * one, at the same addresses, in other memory.
 */
static void test_crash_kernel(void)
{
    ForgeKernel *k = forge_kernel(plain);
    OsiGuest *g = osi_guest_new(&k->f->mem);
    OsiRoot other = { OSI_PAGING_4LEVEL, forge_page(k->f) };

    osi_guest_stopped(g, k->cpu, 2);
    g_assert_true(osi_guest_detect(g, NULL));
    forge_map(k->f, other, FK_BASE, 0, 21, FORGE_P | FORGE_RW);
    k->cpu[0].cr3 = k->cpu[1].cr3 = other.table;
    osi_guest_stopped(g, k->cpu, 2);
    g_assert_false(osi_guest_detect(g, NULL));
    osi_guest_free(g);
    forge_kernel_free(k);
}

/* The same kernel again after a reset, this time without isolation. */
static void test_pti_gone(void)
{
    ForgeKernel *k = forge_kernel((ForgeOptions) {
        FORGE_AFTER, OSI_PAGING_4LEVEL, .pti = true });
    OsiGuest *g = osi_guest_new(&k->f->mem);
    uint8_t *top = k->f->ram + (k->cpu[0].cr3 & ~0x1fffull);

    osi_guest_stopped(g, k->cpu, 2);
    g_assert_cmphex(osi_cr3_mask(g) & 0x1000, ==, 0);
    for (int i = 0; i < 256; i++) {
        top[8 * i + 7] &= 0x7f;                     /* NX */
    }
    osi_guest_stopped(g, k->cpu, 2);
    g_assert_cmphex(osi_cr3_mask(g) & 0x1000, ==, 0x1000);
    osi_guest_free(g);
    forge_kernel_free(k);
}

/* In the freezer a task sleeps, and says so by a bit of its own. */
static void test_frozen(void)
{
    ForgeKernel *k = forge_kernel(plain);
    OsiGuest *g = osi_guest_new(&k->f->mem);

    put32(forge_at(k, k->task[FK_THR2] + TASK_STATE), 0x8000);
    osi_guest_stopped(g, k->cpu, 2);
    g_assert_cmpint(osi_task_by_pid(g, 12, NULL)->state, ==, 'D');
    osi_guest_free(g);
    forge_kernel_free(k);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/hostile/far-member", test_far_member);
    g_test_add_func("/hostile/far-register", test_far_register);
    g_test_add_func("/hostile/frame-edge", test_frame_edge);
    g_test_add_func("/hostile/map-alone", test_map_alone);
    g_test_add_func("/hostile/rebuilt", test_rebuilt);
    g_test_add_func("/hostile/crash-kernel", test_crash_kernel);
    g_test_add_func("/hostile/pti-gone", test_pti_gone);
    g_test_add_func("/hostile/frozen", test_frozen);
    return g_test_run();
}
