/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Damage and its repair; see torture.h. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "torture.h"

#define PAGE        4096u
#define RANGES_MAX  400000u

/* No image takes this many seconds, however busy the machine: it hangs. */
#define HANG        300

/* What is to be said when the program dies: which image it was. */
static const Torture *last;

static void say_image(void)
{
    if (last && last->damaged) {
        fprintf(stderr, "torture: died at image %llu\n",
                (unsigned long long)last->seed);
    }
}

/* Called by AddressSanitizer before it reports. */
void __asan_on_error(void);
void __asan_on_error(void)
{
    say_image();
}

static void on_signal(int sig)
{
    say_image();
    signal(sig, SIG_DFL);
    raise(sig == SIGALRM ? SIGABRT : sig);
}

typedef struct Saved {
    uint64_t pa;
    uint8_t bytes[PAGE];
} Saved;

static void write_down(Torture *t, uint64_t pa, size_t len)
{
    gpointer key = GSIZE_TO_POINTER(pa << 12 ^ len);
    Range r = { pa, MIN(len, UINT32_MAX) };

    if (t->ranges->len < RANGES_MAX && g_hash_table_add(t->known, key)) {
        g_array_append_val(t->ranges, r);
    }
}

static bool is_hole(const Torture *t, uint64_t pa, size_t len)
{
    for (unsigned i = 0; i < t->n_holes; i++) {
        if (pa < t->hole[i] + PAGE && pa + len > t->hole[i]) {
            return true;
        }
    }
    return false;
}

static bool read_ram(void *opaque, uint64_t pa, void *buf, size_t len)
{
    Torture *t = opaque;

    t->reads++;
    if (pa > t->size || len > t->size - pa || is_hole(t, pa, len)) {
        return false;
    }
    if (t->recording && len) {
        write_down(t, pa, len);
    }
    memcpy(buf, t->ram + pa, len);
    return true;
}

void torture_init(Torture *t, uint8_t *ram, uint64_t size, const OsiCpu *cpus,
                  size_t n_cpus, uint64_t seed)
{
    *t = (Torture) { .ram = ram, .size = size, .n_cpus = n_cpus,
                     .seed = seed };
    t->cpus = g_memdup2(cpus, n_cpus * sizeof(*cpus));
    t->rand = g_rand_new_with_seed(seed);
    t->ranges = g_array_new(false, false, sizeof(Range));
    t->known = g_hash_table_new(NULL, NULL);
    t->undo = g_array_new(false, false, sizeof(Saved));
    t->answers = g_string_new(NULL);
    t->mem = (OsiMemory) { read_ram, t, size };
    t->g = osi_guest_new(&t->mem);
    last = t;
    /* A copy of the kernel's image should not cost the host new pages. */
    mallopt(M_MMAP_THRESHOLD, 256 << 20);
    mallopt(M_TRIM_THRESHOLD, 512 << 20);
    signal(SIGABRT, on_signal);
    signal(SIGALRM, on_signal);
}

void torture_deinit(Torture *t)
{
    last = NULL;
    alarm(0);
    osi_guest_free(t->g);
    g_free(t->cpus);
    g_rand_free(t->rand);
    g_array_unref(t->ranges);
    g_hash_table_unref(t->known);
    g_array_unref(t->undo);
    g_string_free(t->answers, true);
}

void torture_fresh(Torture *t)
{
    osi_guest_free(t->g);
    t->g = osi_guest_new(&t->mem);
}

void torture_record(Torture *t, bool on)
{
    if (on) {
        g_array_set_size(t->ranges, 0);
        g_hash_table_remove_all(t->known);
    }
    t->recording = on;
}

void torture_spare(Torture *t)
{
    g_array_set_size(t->ranges, 0);
}

/* ---- damage ---- */

static uint32_t below(Torture *t, uint32_t n)
{
    return n ? g_rand_int(t->rand) % n : 0;
}

/* The bytes at @pa, to be changed: their page is kept as it was. */
static uint8_t *open_page(Torture *t, uint64_t pa)
{
    uint64_t page = pa & ~(uint64_t)(PAGE - 1);
    Saved s = { .pa = page };

    for (guint i = 0; i < t->undo->len; i++) {
        if (g_array_index(t->undo, Saved, i).pa == page) {
            return t->ram + pa;
        }
    }
    memcpy(s.bytes, t->ram + page, MIN(PAGE, t->size - page));
    g_array_append_val(t->undo, s);
    return t->ram + pa;
}

/* Somewhere that was read, on a word of @align bytes. */
static uint64_t any_place(Torture *t, unsigned align)
{
    const Range *r = &g_array_index(t->ranges, Range,
                                    below(t, t->ranges->len));
    uint64_t pa = (r->pa + below(t, r->len)) & ~(uint64_t)(align - 1);

    return MIN(pa, t->size - 8);
}

/* One that holds something: zeros tell little. */
static uint64_t used_place(Torture *t)
{
    uint64_t pa = 0, v;

    for (int i = 0; i < 20; i++) {
        pa = any_place(t, 8);
        memcpy(&v, t->ram + pa, 8);
        if (v) {
            break;
        }
    }
    return pa;
}

static void put(Torture *t, uint64_t pa, uint64_t v, size_t bytes)
{
    uint64_t end = (pa & ~(uint64_t)(PAGE - 1)) + PAGE;
    uint8_t *p = open_page(t, pa);

    v = GUINT64_TO_LE(v);
    memcpy(p, &v, MIN(bytes, end - pa));
}

static void put_extreme(Torture *t, uint64_t pa)
{
    static const uint64_t odd[] = {
        0, 1, 2, 7, 8, 0xff, 0x1000, 0x7fff, 0xffff, 0x7fffffff, 0x80000000,
        0xffffffff, 0x100000000, UINT64_MAX, UINT64_MAX - 7, 1ull << 63,
        0x7fffffffffffffff, 0x00007ffffffff000, 0xffff888000000000,
        0xffffffff80000000, 0x4141414141414141, 0xfffffffffffff000,
    };

    put(t, pa + 4 * below(t, 2), odd[below(t, G_N_ELEMENTS(odd))],
        1u << below(t, 4));
}

static void fill(Torture *t, uint64_t pa, bool zero)
{
    uint32_t len = 1u << below(t, 13);
    uint8_t *p = open_page(t, pa);

    len = MIN(len, PAGE - pa % PAGE);
    for (uint32_t i = 0; i < len; i++) {
        p[i] = zero ? 0 : g_rand_int(t->rand);
    }
}

static void swap(Torture *t, uint64_t a, uint64_t b)
{
    uint64_t x, y;

    memcpy(&x, t->ram + a, 8);
    memcpy(&y, t->ram + b, 8);
    put(t, a, GUINT64_FROM_LE(y), 8);
    put(t, b, GUINT64_FROM_LE(x), 8);
}

/* The word at @from, or the same a little beside, goes to @to: cycles. */
static void copy(Torture *t, uint64_t to, uint64_t from)
{
    static const int64_t beside[] = { 0, 0, 0, 0, 8, -8, 16, 4, 1, 256, 4096 };
    uint64_t v;

    memcpy(&v, t->ram + from, 8);
    put(t, to, GUINT64_FROM_LE(v) + beside[below(t, G_N_ELEMENTS(beside))], 8);
}

/*
 * A chain is read node after node, the same bytes of each. So a word of a node
 * with that of one read shortly before makes a cycle of a list, a child that
 * is its own parent, a tree that returns.
 */
static void make_cycle(Torture *t)
{
    uint32_t i = below(t, t->ranges->len);
    const Range *to = &g_array_index(t->ranges, Range, i);
    uint32_t off = below(t, to->len) & ~7u, back = 1 + below(t, 3);

    for (uint32_t k = 1; k <= 64 && k <= i; k++) {
        const Range *from = &g_array_index(t->ranges, Range, i - k);

        if (from->len == to->len && !--back && from->pa + off + 8 <= t->size &&
            to->pa + off + 8 <= t->size) {
            uint64_t v;

            memcpy(&v, t->ram + from->pa + off, 8);
            put(t, to->pa + off, GUINT64_FROM_LE(v), MIN(8, to->len - off));
            return;
        }
    }
}

static void damage_one(Torture *t)
{
    uint64_t pa = below(t, 4) ? used_place(t) : any_place(t, 1);

    switch (below(t, 16)) {
    case 10:
    case 11:
    case 12:
    case 13:
        make_cycle(t);
        break;
    case 0:
    case 1:
        *open_page(t, pa + below(t, 8)) ^= 1u << below(t, 8);
        break;
    case 2:
        swap(t, pa, used_place(t));
        break;
    case 3:
    case 4:
        copy(t, pa, used_place(t));
        break;
    case 5:                     /* from close by: a node to its brother */
        copy(t, pa, (pa & ~(uint64_t)(PAGE - 1)) + 8 * below(t, PAGE / 8));
        break;
    case 6:                     /* as an entry of a page table: itself */
        put(t, pa, (pa & ~(uint64_t)(PAGE - 1)) | 0x67, 8);
        break;
    case 7:
        put(t, pa, (uint64_t)g_rand_int(t->rand) << 32 | g_rand_int(t->rand),
            8);
        break;
    case 8:
        fill(t, pa, below(t, 2));
        break;
    case 9:
        if (t->n_holes < G_N_ELEMENTS(t->hole)) {
            t->hole[t->n_holes++] = pa & ~(uint64_t)(PAGE - 1);
        }
        break;
    default:
        put_extreme(t, pa);
        break;
    }
}

void torture_damage(Torture *t)
{
    unsigned n = 1u << below(t, 5);

    t->damaged = true;
    t->images++;
    alarm(HANG);
    for (unsigned i = 0; i < n && t->ranges->len; i++) {
        damage_one(t);
    }
}

void torture_mend(Torture *t)
{
    for (guint i = 0; i < t->undo->len; i++) {
        const Saved *s = &g_array_index(t->undo, Saved, i);

        memcpy(t->ram + s->pa, s->bytes, MIN(PAGE, t->size - s->pa));
    }
    g_array_set_size(t->undo, 0);
    t->n_holes = 0;
    t->damaged = false;
}

uint64_t torture_peak(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (uint64_t)u.ru_maxrss << 10;
}
