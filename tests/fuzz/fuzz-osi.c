/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest may hold, at random, into the parsers of introspection. One
 * libFuzzer binary for all targets; the environment variable FUZZ names one:
 *
 *     FUZZ=btf ./fuzz-osi CORPUS-DIRECTORY
 *
 * FUZZ_SEEDS=FILE writes what a forged kernel has for that target, to begin
 * with. FUZZ_CONTROL=1 plants a fault where input was understood to the end,
 * for the test of the tests. Beside what the sanitizers see each target checks
 * what the headers promise.
 */
#include <stdio.h>
#include <stdlib.h>

#include "btf.h"
#include "bytes.h"
#include "forge-parts.h"
#include "kallsyms.h"
#include "linux-maple.h"
#include "linux-xarray.h"
#include "orc.h"
#include "vmcoreinfo.h"

#define PROMISE(condition)                                              \
    do {                                                                \
        if (!(condition)) {                                             \
            g_printerr("broken promise: %s:%d: %s\n",                   \
                       __FILE__, __LINE__, #condition);                 \
            abort();                                                    \
        }                                                               \
    } while (0)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BASE    0xffffffff81000000ull
#define SENTRY  0x7777

/* The planted fault: aborts where input was understood to the end. */
static void control(void)
{
    PROMISE(!g_getenv("FUZZ_CONTROL"));
}

static bool said(const OsiError *err)
{
    return err->kind != OSI_OK && err->message[0] &&
           memchr(err->message, 0, sizeof(err->message)) &&
           !strchr(err->message, '\n');
}

/* ---- types ---- */

static void fuzz_btf(const uint8_t *data, size_t size)
{
    static const char *const paths[] = {
        "pid", "thread.sp", "thread_info.cpu|cpu", "f_path.mnt", "index|x.y",
        "d_name.len", "i_pages.xa_head", "a.b.c.d",
    };
    static const char *const structs[] = { "task_struct", "file", "page",
                                           "dentry", "address_space" };
    OsiError err = { 0 };
    OsiBtf *b = osi_btf_parse(data, size, &err);
    size_t at = SENTRY;

    PROMISE(b || said(&err));
    for (size_t i = 0; b && i < G_N_ELEMENTS(structs); i++) {
        for (size_t k = 0; k < G_N_ELEMENTS(paths); k++) {
            OsiField f = { SENTRY, SENTRY, 0, 0 };

            if (osi_btf_member(b, structs[i], paths[k], &f, &err)) {
                control();
            } else {
                PROMISE(f.offset == SENTRY && f.size == SENTRY && said(&err));
            }
        }
    }
    PROMISE(!b || osi_btf_bytes(b) <= size);
    osi_btf_free(b);
    b = osi_btf_scan(data, size, 10, &at, &err);
    PROMISE(b ? at < size && at % 4 == 0 && osi_btf_types(b) >= 10
              : at == SENTRY && said(&err));
    osi_btf_free(b);
}

static GByteArray *seed_btf(ForgeKernel *k)
{
    return forge_types_btf(k->types, 12);
}

/* ---- symbols ---- */

static void check_symbols(const OsiKallsyms *ks)
{
    size_t n = osi_kallsyms_count(ks);

    PROMISE(n && osi_kallsyms_layout(ks));
    for (size_t i = 0; i < n; i += 1 + n / 64) {
        OsiSymbol s = osi_kallsyms_get(ks, i), at;
        uint64_t value;

        PROMISE(s.name && osi_kallsyms_find(ks, s.name, &value));
        PROMISE(!osi_kallsyms_at(ks, s.value, &at) || at.value <= s.value);
        PROMISE(strlen(s.name) < 4096);
    }
    control();
}

static void fuzz_kallsyms(const uint8_t *data, size_t size)
{
    static const uint64_t bases[] = { FK_BASE, 0xc1000000 };

    for (size_t i = 0; i < G_N_ELEMENTS(bases); i++) {
        OsiError err = { 0 };
        OsiKallsyms *ks = osi_kallsyms_decode(data, size, bases[i], &err);

        PROMISE(ks || said(&err));
        if (ks) {
            check_symbols(ks);
        }
        osi_kallsyms_free(ks);
    }
}

/* The tables of an image, which lie behind its BTF, and a little before. */
static GByteArray *seed_kallsyms(ForgeKernel *k)
{
    GByteArray *out = g_byte_array_new();
    const uint8_t *image = k->f->ram + FK_BASE_PA;
    uint32_t from = 0x8000;

    if (osi_le32(image + from) == 0x0001eb9f) {
        from += 24 + osi_le32(image + from + 12) + osi_le32(image + from + 20);
        from = FORGE_UP(from, 8) - 64;
    }
    return g_byte_array_append(out, image + from, k->tables - from);
}

static void fuzz_map(const uint8_t *data, size_t size)
{
    OsiError err = { 0 };
    OsiKallsyms *ks = osi_kallsyms_from_map((const char *)data, size, &err);

    PROMISE(ks || said(&err));
    if (ks) {
        osi_kallsyms_move(ks, BASE, 0x1000000, UINT64_MAX);
        check_symbols(ks);
    }
    osi_kallsyms_free(ks);
}

static GByteArray *seed_map(ForgeKernel *k)
{
    GString *s = g_string_new("ffffffff81000000 T _text\n"
                              "0000000000000000 A __per_cpu_start\n");

    for (int i = 0; i < 1200; i++) {
        g_string_append_printf(s, "%llx t f%d\n",
                               (unsigned long long)(BASE + 0x100 + 16 * i), i);
    }
    return g_bytes_unref_to_array(g_string_free_to_bytes(s));
}

/* ---- unwind tables ---- */

static bool in(int value, int limit)
{
    return value >= 0 && value < limit;
}

static void check_rule(const OsiOrcRule *r)
{
    PROMISE(in(r->kind, OSI_ORC_PARTIAL + 1));
    PROMISE(in(r->sp, OSI_ORC_BASES) && in(r->bp, OSI_ORC_BASES));
    PROMISE(r->sp_number < 16);
}

/* A layout out of a few bytes, or one of those known. */
static bool choose_layout(const uint8_t *b, OsiOrcLayout *l)
{
    if (osi_orc_known_layout(b[0] % 4, l)) {
        return true;
    }
    *l = (OsiOrcLayout) {
        { b[1] % 4, 2, 0, 0 }, { b[2] % 4, 2, 0, 0 },
        { b[3], 1, b[4] % 8, b[5] % 9 }, { b[6], 1, b[7] % 8, b[8] % 9 },
        { b[9], 1, b[10] % 8, b[11] % 9 }, { 0 }, { 0 }, 6 + b[12] % 10,
    };
    return true;
}

static void fuzz_orc(const uint8_t *data, size_t size)
{
    OsiOrcTable t = { .ip_va = BASE };
    OsiError err = { 0 };
    OsiOrcLayout l;
    OsiOrcCoding c;
    OsiOrcRule r;

    if (size < 16 || !choose_layout(data, &l)) {
        return;
    }
    t.n = (size - 16) / (4 + l.size);
    t.ip = data + 16;
    t.entries = t.ip + 4 * t.n;
    if (!t.n || !osi_orc_coding(&t, &l, &c, &err)) {
        PROMISE(!t.n || said(&err));
        return;
    }
    for (uint64_t pc = BASE - 64; pc < BASE + 0x10000; pc += 509) {
        if (osi_orc_find(&t, &l, &c, pc, &r)) {
            check_rule(&r);
        }
    }
    osi_orc_agrees(&l, &c, t.entries);
    control();
}

static GByteArray *seed_orc(ForgeKernel *k)
{
    static const uint8_t head[16];
    GByteArray *out = g_byte_array_new();
    const uint8_t *image = k->f->ram + FK_BASE_PA;

    g_byte_array_append(out, head, sizeof(head));
    g_byte_array_append(out, image + FK_ORC_IP, 4 * 128);
    return g_byte_array_append(out, image + FK_ORC, 6 * 128);
}

/* ---- trees ---- */

static void fuzz_maple(const uint8_t *data, size_t size)
{
    uint64_t min = 0, max = UINT64_MAX, last = 0;
    OsiMapleEntry e[OSI_MAPLE_SLOTS];
    OsiMapleShape s;
    OsiError err = { 0 };
    size_t n = SENTRY;

    if (size < 32 + OSI_MAPLE_NODE) {
        return;
    }
    s = osi_maple_shape(data[0] & 1 ? 4 : 8);
    if (data[0] & 2) {
        s.range = (OsiMaplePart) { data[2], data[3] % 64, data[4],
                                   data[3] % 64 + 1 };
        s.arange = (OsiMaplePart) { data[5], data[6] % 64, data[7],
                                    data[6] % 64 + 1 };
    }
    if (data[0] & 4) {
        min = osi_le64(data + 8);
        max = osi_le64(data + 16);
    }
    if (!osi_maple_shape_ok(&s)) {
        return;
    }
    if (!osi_maple_entries(&s, data[1], data + 32, min, max, e, &n, &err)) {
        PROMISE(said(&err) && n == SENTRY);
        return;
    }
    PROMISE(n <= OSI_MAPLE_SLOTS);
    for (size_t i = 0; i < n; i++) {
        PROMISE(e[i].min <= e[i].max && e[i].min >= min && e[i].max <= max);
        PROMISE(!i || e[i].min > last);
        last = e[i].max;
    }
    if (n > 1) {
        control();
    }
}

static GByteArray *seed_maple(ForgeKernel *k)
{
    uint8_t head[32] = { 0, OSI_MAPLE_LEAF };
    uint64_t node = forge_bytes(k, OSI_MAPLE_NODE, OSI_MAPLE_NODE);
    GByteArray *out = g_byte_array_new();

    for (int i = 0; i < 5; i++) {
        forge_poke(k, node + 8 + 8 * i, 0x1000 * (i + 1) - 1);
        forge_poke(k, node + 128 + 8 * i, i == 2 ? 0 : FK_BASE + 64 * i);
    }
    g_byte_array_append(out, head, sizeof(head));
    return g_byte_array_append(out, forge_at(k, node), OSI_MAPLE_NODE);
}

static void fuzz_xarray(const uint8_t *data, size_t size)
{
    OsiXaShape s = { 8, 0, 40, 64 };
    OsiXaSlot slot = { SENTRY, SENTRY };
    OsiError err = { 0 };

    if (size < 24) {
        return;
    }
    if (data[0] & 1) {
        s = (OsiXaShape) { data[1] & 4 ? 4 : 8, data[2], osi_le16(data + 3),
                           osi_le16(data + 5) };
    }
    if (!osi_xa_shape_ok(&s)) {
        return;
    }
    PROMISE(osi_xa_bytes(&s) <= OSI_XA_NODE_MAX);
    if (size - 24 < osi_xa_bytes(&s)) {
        return;
    }
    if (!osi_xa_slot(&s, data + 24, osi_le64(data + 8), data[7] % 65, &slot,
                     &err)) {
        PROMISE(said(&err) && slot.entry == SENTRY && slot.shift == SENTRY);
        return;
    }
    PROMISE(slot.shift < 64 && slot.shift < 1u + data[7] % 65);
    if (slot.entry && !osi_xa_is_value(slot.entry)) {
        control();
    }
}

static GByteArray *seed_xarray(ForgeKernel *k)
{
    uint8_t head[24] = { [7] = 64, [8] = 1 };
    GByteArray *out = g_byte_array_new();
    uint8_t node[40 + 64 * 8] = { 0 };

    for (int i = 0; i < 10; i++) {
        put64(node + 40 + 8 * i, i % 4 ? 2 : FK_BASE + 64 * i);
    }
    g_byte_array_append(out, head, sizeof(head));
    return g_byte_array_append(out, node, sizeof(node));
}

/* ---- text ---- */

static bool any_symbol(void *opaque, const char *name, uint64_t address)
{
    PROMISE(!strchr(name, '\n'));
    return ++*(int *)opaque < 1000;
}

static void fuzz_vmcoreinfo(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    size_t len = osi_vmcoreinfo_length(text, size);
    char value[24];
    uint64_t hex;
    int64_t number;
    int n = 0;

    PROMISE(len <= size);
    memset(value, 'x', sizeof(value));
    if (osi_vmcoreinfo_string(text, len, "OSRELEASE", value, sizeof(value))) {
        PROMISE(memchr(value, 0, sizeof(value)) && !strchr(value, '\n'));
    }
    osi_vmcoreinfo_hex(text, len, "SYMBOL(init_top_pgt)", &hex);
    osi_vmcoreinfo_hex(text, len, "KERNELOFFSET", &hex);
    osi_vmcoreinfo_number(text, len, "NUMBER(phys_base)", &number);
    osi_vmcoreinfo_symbols(text, len, any_symbol, &n);
    PROMISE(n <= 1000);
    if (n) {
        control();
    }
}

static GByteArray *seed_vmcoreinfo(ForgeKernel *k)
{
    static const char text[] =
        "OSRELEASE=9.9.9-forged\nBUILD-ID=00112233445566778899aabbccddeeff0011"
        "2233\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff9a200000\n"
        "SYMBOL(init_top_pgt)=ffffffff9a300000\nNUMBER(phys_base)=16777216\n"
        "KERNELOFFSET=19000000\nCRASHTIME=1\n";

    return g_byte_array_append(g_byte_array_new(), (const guint8 *)text,
                               sizeof(text) - 1);
}

/* ---- a program in user memory; a profile ---- */

typedef struct World {
    ForgeKernel *k;
    OsiGuest *g;
    uint8_t *auxv, *elf, *dynamic;      /* what input replaces */
} World;

#define AUXV_BYTES 160

static uint8_t *page_of(ForgeKernel *k, OsiRoot root, uint64_t va)
{
    OsiLeaf leaf;

    PROMISE(osi_translate(&k->f->mem, root, va, &leaf, NULL));
    return k->f->ram + leaf.pa;
}

static World *world(void)
{
    static World w;
    uint64_t mm, node, page;

    if (w.k) {
        return &w;
    }
    w.k = forge_kernel((ForgeOptions) { FORGE_AFTER, OSI_PAGING_4LEVEL });
    w.g = osi_guest_new(&w.k->f->mem);
    osi_guest_stopped(w.g, w.k->cpu, 2);
    mm = osi_task_by_pid(w.g, 10, NULL)->mm;
    w.auxv = forge_at(w.k, forge_at_member(w.k, mm, "mm_struct",
                                           "saved_auxv"));
    node = forge_peek(w.k, forge_at_member(w.k, w.k->exe_inode, "inode",
                                           "i_data.i_pages.xa_head"));
    page = forge_peek(w.k, forge_at_member(w.k, node & ~3ull, "xa_node",
                                           "slots"));
    w.elf = w.k->f->ram + (page - w.k->vmemmap) /
            forge_struct_size(w.k->types, "page") * 4096;
    w.dynamic = page_of(w.k, osi_task_by_pid(w.g, 10, NULL)->root, 0x601000);
    return &w;
}

/* Input: auxiliary vector, ELF header and program headers, dynamic section. */
static void fuzz_elf(const uint8_t *data, size_t size)
{
    World *w = world();
    uint64_t start = w->k->f->reads;
    const OsiLibrary *l;
    const OsiTask *t;
    OsiError err = { 0 };
    size_t n = SENTRY;

    if (size != AUXV_BYTES + 256 + 1024) {
        return;
    }
    memcpy(w->auxv, data, AUXV_BYTES);
    memcpy(w->elf, data + AUXV_BYTES, 256);
    memcpy(w->dynamic, data + AUXV_BYTES + 256, 1024);
    osi_guest_stopped(w->g, w->k->cpu, 2);
    t = osi_task_by_pid(w->g, 10, NULL);
    PROMISE(t);
    l = osi_libraries(w->g, t, &n, &err);
    PROMISE(l || (said(&err) && n == SENTRY));
    for (size_t i = 0; l && i < n; i++) {
        PROMISE(l[i].name && strlen(l[i].name) < 8192);
    }
    PROMISE(w->k->f->reads - start < 200000);
    if (l && n) {
        control();
    }
}

static GByteArray *seed_elf(ForgeKernel *k)
{
    World *w = world();
    GByteArray *out = g_byte_array_new();

    g_byte_array_append(out, w->auxv, AUXV_BYTES);
    g_byte_array_append(out, w->elf, 256);
    return g_byte_array_append(out, w->dynamic, 1024);
}

/* Input: a raw BTF file; what does not fit the guest must not be used. */
static void fuzz_profile(const uint8_t *data, size_t size)
{
    World *w = world();
    uint64_t start = w->k->f->reads;
    OsiError err = { 0 };
    size_t n;

    if (!osi_guest_profile(w->g, data, size, NULL, 0, &err)) {
        PROMISE(said(&err));
        return;
    }
    osi_guest_stopped(w->g, w->k->cpu, 2);
    PROMISE(osi_guest_features(w->g, &n) && n);
    PROMISE(osi_tasks(w->g, &n, &err) || said(&err));
    PROMISE(w->k->f->reads - start < 3000000);
    PROMISE(osi_guest_profile(w->g, NULL, 0, NULL, 0, NULL));
    if (size) {
        control();
    }
}

/* ---- which ---- */

static const struct {
    const char *name;
    void (*run)(const uint8_t *data, size_t size);
    GByteArray *(*seed)(ForgeKernel *k);
} targets[] = {
    { "btf", fuzz_btf, seed_btf },
    { "kallsyms", fuzz_kallsyms, seed_kallsyms },
    { "map", fuzz_map, seed_map },
    { "orc", fuzz_orc, seed_orc },
    { "maple", fuzz_maple, seed_maple },
    { "xarray", fuzz_xarray, seed_xarray },
    { "vmcoreinfo", fuzz_vmcoreinfo, seed_vmcoreinfo },
    { "elf", fuzz_elf, seed_elf },
    { "profile", fuzz_profile, seed_btf },
};

static unsigned target;

static void write_seed(const char *path)
{
    ForgeKernel *k = forge_kernel((ForgeOptions) {
        FORGE_AFTER, OSI_PAGING_4LEVEL });
    g_autoptr(GByteArray) seed = targets[target].seed(k);

    if (!g_file_set_contents(path, (const char *)seed->data, seed->len,
                             NULL)) {
        exit(2);
    }
    forge_kernel_free(k);
    exit(0);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = g_getenv("FUZZ");

    while (target < G_N_ELEMENTS(targets) &&
           g_strcmp0(name, targets[target].name)) {
        target++;
    }
    if (target == G_N_ELEMENTS(targets)) {
        g_printerr("set FUZZ to one of:");
        for (unsigned i = 0; i < target; i++) {
            g_printerr(" %s", targets[i].name);
        }
        g_printerr("\n");
        exit(2);
    }
    if (g_getenv("FUZZ_SEEDS")) {
        write_seed(g_getenv("FUZZ_SEEDS"));
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Exactly as large as it is, so that a read behind it is seen. */
    g_autofree uint8_t *copy = g_malloc(size + !size);

    memcpy(copy, data, size);
    targets[target].run(copy, size);
    return 0;
}
