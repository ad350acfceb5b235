/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A forged Linux guest; see forge-kernel.h. */
#include "forge-parts.h"

#define OFF_BANNER      0x1000
#define OFF_TABLES      0x8000
#define OFF_DATA        0x200000        /* __per_cpu_offset */
#define OFF_NR_CPUS     0x200100
#define OFF_VMEMMAP     0x200200
#define OFF_TOP_PGT     0x300000
#define OFF_IDT_ENTRY   0x2000          /* the page fault handler */
#define PERCPU_LINK     0x380000        /* where 6.16 links per-cpu data */
#define PERCPU_SIZE     0x10000
#define PCPU_CURRENT    0x1000
#define PCPU_RQ         0x2000
#define RQ_IDLE         0x18
#define EARLY           0x3000          /* functions lie from here on */

/* Places in task_struct; forge-structs.c has them too. */
enum { STACK = 0x20, FLAGS = 0x28, ON_CPU = 0x2c, CPU = 0x10, PID = 0x68,
       TGID = 0x6c, REAL_PARENT = 0x70, LEADER = 0x78, START = 0x98,
       THREAD = 0x100, SIG_HEAD = 24 };

uint8_t *forge_at(ForgeKernel *k, uint64_t va)
{
    uint64_t pa = va >= FK_BASE ? va - FK_BASE + FK_BASE_PA : va - k->direct;

    g_assert_cmpuint(pa, <, k->f->size);
    return k->f->ram + pa;
}

/* ---- objects ---- */

uint64_t forge_object(ForgeKernel *k, size_t bytes)
{
    uint64_t pa = k->f->next;

    for (size_t n = 0; n < bytes; n += 4096) {
        forge_page(k->f);
    }
    return k->direct + pa;
}

/* None of them crosses a page unless it is larger than one. */
uint64_t forge_bytes(ForgeKernel *k, size_t bytes, size_t align)
{
    uint64_t at = FORGE_UP(k->free, align);

    if (bytes > 4096) {
        return forge_object(k, bytes);
    }
    if (!at || at + bytes > k->free_end) {
        at = forge_object(k, 4096);
        k->free_end = at + 4096;
    }
    k->free = at + bytes;
    return at;
}

uint64_t forge_new_struct(ForgeKernel *k, const char *type)
{
    return forge_bytes(k, forge_struct_size(k->types, type), 64);
}

void forge_poke(ForgeKernel *k, uint64_t va, uint64_t v)
{
    put64(forge_at(k, va), v);
}

uint64_t forge_peek(ForgeKernel *k, uint64_t va)
{
    uint64_t v;

    memcpy(&v, forge_at(k, va), 8);
    return GUINT64_FROM_LE(v);
}

uint64_t forge_at_member(ForgeKernel *k, uint64_t object, const char *type,
                         const char *path)
{
    return object + forge_offset(k->types, type, path);
}

void forge_set(ForgeKernel *k, uint64_t object, const char *type,
               const char *path, uint64_t value)
{
    uint8_t *p = forge_at(k, forge_at_member(k, object, type, path));
    uint32_t size = forge_size(k->types, type, path);

    for (uint32_t i = 0; i < MIN(size, 8); i++) {
        p[i] = value >> 8 * i;
    }
}

uint64_t forge_text(ForgeKernel *k, const char *text)
{
    uint64_t at = forge_bytes(k, strlen(text) + 1, 8);

    strcpy((char *)forge_at(k, at), text);
    return at;
}

/* ---- image ---- */

static int by_value(const void *a, const void *b)
{
    uint64_t x = ((const ForgeSym *)a)->value, y = ((const ForgeSym *)b)->value;

    return x < y ? -1 : x > y;
}

static uint64_t percpu_base(const ForgeKernel *k)
{
    return k->opt.kallsyms <= FORGE_AFTER_PERCPU ? 0 : FK_BASE + PERCPU_LINK;
}

/* Places in the image. */
static const struct { const char *name; char type; uint32_t at; } more[] = {
    { "_stext", 'T', 0 },
    { "_etext", 'T', OFF_TABLES },
    { "modules", 'd', FK_MODULES },
    { "sys_call_table", 'D', FK_CALLS },
    { "vmemmap_base", 'D', OFF_VMEMMAP },
    { "page_offset_base", 'D', OFF_VMEMMAP + 8 },
    { "phys_base", 'D', OFF_VMEMMAP + 16 },
    { "vmcoreinfo_data", 'B', OFF_VMEMMAP + 24 },
    { "vmcoreinfo_size", 'B', OFF_VMEMMAP + 32 },
    { "__start_orc_unwind_ip", 'R', FK_ORC_IP },
    { "__stop_orc_unwind_ip", 'R', FK_ORC_IP + 4 * FK_FUNCTIONS },
    { "__start_orc_unwind", 'R', FK_ORC },
    { "__stop_orc_unwind", 'R', FK_ORC + 6 * FK_FUNCTIONS },
};

static void put_symbols(ForgeKernel *k, GByteArray *image)
{
    static char names[FK_FUNCTIONS][16];
    ForgeSym syms[FK_FUNCTIONS + 24];
    uint64_t pc = percpu_base(k);
    int n = 0;

    syms[n++] = (ForgeSym) { "_text", 'T', FK_BASE };
    syms[n++] = (ForgeSym) { "linux_banner", 'D', FK_BASE + OFF_BANNER };
    syms[n++] = (ForgeSym) { "init_task", 'D', k->task[FK_SWAPPER0] };
    syms[n++] = (ForgeSym) { "init_top_pgt", 'D', FK_BASE + OFF_TOP_PGT };
    syms[n++] = (ForgeSym) { "__per_cpu_offset", 'D', FK_BASE + OFF_DATA };
    syms[n++] = (ForgeSym) { "nr_cpu_ids", 'D', FK_BASE + OFF_NR_CPUS };
    syms[n++] = (ForgeSym) { "current_task", 'A', pc + PCPU_CURRENT };
    syms[n++] = (ForgeSym) { "runqueues", 'A', pc + PCPU_RQ };
    for (size_t i = 0; i < G_N_ELEMENTS(more); i++) {
        syms[n++] = (ForgeSym) { more[i].name, more[i].type,
                                 FK_BASE + more[i].at };
    }
    for (int i = 0; i < FK_FUNCTIONS; i++) {
        g_snprintf(names[i], sizeof(names[i]), "sys_filler%d", i);
        syms[n++] = (ForgeSym) { names[i], 'T', FK_FUNCTION(i) };
    }
    qsort(syms, n, sizeof(*syms), by_value);
    forge_kallsyms(image, k->opt.kallsyms, FK_BASE, syms, n);
}

static void put_image(ForgeKernel *k)
{
    g_autoptr(GByteArray) image = g_byte_array_new();
    g_autoptr(GByteArray) btf = forge_types_btf(k->types, 1100);
    static const char banner[] = "Linux version 9.9.9-forged (nobody@nowhere)"
                                 " (no compiler) #1 SMP\n";

    g_byte_array_set_size(image, OFF_TABLES);
    memset(image->data, 0, OFF_TABLES);
    memcpy(image->data + OFF_BANNER, banner, sizeof(banner));
    if (!k->opt.no_btf) {
        g_byte_array_append(image, btf->data, btf->len);
        blob_align(image, 8);
    }
    if (!k->opt.no_kallsyms) {
        put_symbols(k, image);
    }
    g_assert_cmpuint(image->len, <, OFF_DATA);
    memcpy(k->f->ram + FK_BASE_PA, image->data, image->len);
    k->tables = image->len;
}

/* ---- address spaces ---- */

static void map_kernel(ForgeKernel *k)
{
    for (uint64_t at = 0; at < FK_IMAGE; at += 2 << 20) {
        forge_map(k->f, k->root, FK_BASE + at, FK_BASE_PA + at, 21,
                  FORGE_P | FORGE_RW);
    }
    for (uint64_t at = 0; at < FK_RAM; at += 2 << 20) {
        forge_map(k->f, k->root, k->direct + at, at, 21, FORGE_P | FORGE_RW);
    }
}

/* struct page of all RAM, where no kernel has them. */
static void map_pages(ForgeKernel *k)
{
    uint32_t bytes = FK_RAM / 4096 * forge_struct_size(k->types, "page");

    k->vmemmap = k->opt.paging == OSI_PAGING_5LEVEL ? 0xffd4100000000000ull
                                                    : 0xffffea1000000000ull;
    k->pages_pa = forge_object(k, bytes) - k->direct;
    for (uint32_t at = 0; at < bytes; at += 4096) {
        forge_map(k->f, k->root, k->vmemmap + at, k->pages_pa + at, 12,
                  FORGE_P | FORGE_RW);
    }
    forge_poke(k, FK_BASE + OFF_VMEMMAP, k->vmemmap);
    forge_poke(k, FK_BASE + OFF_VMEMMAP + 8, k->direct);
    forge_poke(k, FK_BASE + OFF_VMEMMAP + 16, FK_BASE_PA);
}

/* A process's tables: the kernel's upper half. */
static uint64_t new_pgd(ForgeKernel *k)
{
    uint64_t pgd = k->f->next;
    uint8_t *ram = k->f->ram;

    while (pgd & 0x1000) {
        pgd = forge_page(k->f);
    }
    k->f->next = pgd + 0x2000;
    memcpy(ram + pgd + 2048, ram + k->root.table + 2048, 2048);
    return pgd;
}

/* Its lower half is complete: the user's table beside it. */
static void pair_pgd(ForgeKernel *k, uint64_t pgd)
{
    uint8_t *ram = k->f->ram;

    /* Without PTI the next page may be anything: be it the most like. */
    memcpy(ram + pgd + 0x1000, ram + pgd, 2048);
    if (k->opt.pti) {
        for (int i = 0; i < 256; i++) {
            ram[pgd + 8 * i + 7] |= ram[pgd + 8 * i] & 1 ? 0x80 : 0;
        }
    }
}

static uint64_t new_mm(ForgeKernel *k)
{
    uint64_t pgd = new_pgd(k), mm = forge_mm(k, k->file[FF_EXE], pgd);

    pair_pgd(k, pgd);
    return mm;
}

/* ---- tasks ---- */

/* What a system call leaves on the stack: registers numbered 1000 * id + i. */
static void user_frame(ForgeKernel *k, int who, int pid)
{
    uint64_t at = k->stack[who] + FK_STACK - k->opt.gap - 168;

    for (int i = 0; i < 21; i++) {
        forge_poke(k, at + 8 * i, 1000 * pid + i);
    }
    /* FRED keeps flags above the selectors. */
    forge_poke(k, at + 8 * 17, 0x1234000000000033ull);
    forge_poke(k, at + 8 * 20, 0x560000002bull);
}

static void set_task(ForgeKernel *k, int who, int pid, int leader, int parent,
                     const char *comm, uint64_t mm)
{
    uint64_t t = k->task[who];

    put32(forge_at(k, t + PID), pid);
    put32(forge_at(k, t + TGID), pid > 10 ? 10 : pid);
    forge_poke(k, t + REAL_PARENT, k->task[parent]);
    forge_poke(k, t + LEADER, k->task[leader]);
    forge_poke(k, t + TASK_MM, mm);
    forge_poke(k, t + STACK, k->stack[who]);
    forge_rights(k, t, pid, mm && pid > 2 ? pid - 9 : 0);
    forge_poke(k, t + START, 1000000 * (pid + 1));
    forge_poke(k, t + THREAD + 16, 0x7000000 + pid);
    put32(forge_at(k, t + FLAGS), mm ? 0x400000 : 0x200000);
    put32(forge_at(k, t + TASK_STATE), pid ? 1 : 0);
    strcpy((char *)forge_at(k, t + TASK_COMM), comm);
    if (mm) {
        user_frame(k, who, pid);
        forge_open(k, t);
    }
    if (pid && pid != 10) {
        forge_sleep(k, who);
    }
}

/* A circle through @n nodes. */
static void circle(ForgeKernel *k, const uint64_t *node, int n)
{
    for (int i = 0; i < n; i++) {
        forge_poke(k, node[i], node[(i + 1) % n]);
        forge_poke(k, node[(i + 1) % n] + 8, node[i]);
    }
}

static void put_tasks(ForgeKernel *k)
{
    uint64_t init_mm = new_mm(k), mm = new_mm(k), sig = forge_object(k, 4096), s;
    const uint64_t *t = k->task;

    set_task(k, FK_SWAPPER0, 0, FK_SWAPPER0, FK_SWAPPER0, "swapper/0", 0);
    set_task(k, FK_SWAPPER1, 0, FK_SWAPPER1, FK_SWAPPER0, "swapper/1", 0);
    set_task(k, FK_INIT, 1, FK_INIT, FK_SWAPPER0, "init", init_mm);
    set_task(k, FK_KTHREADD, 2, FK_KTHREADD, FK_SWAPPER0, "kthreadd", 0);
    set_task(k, FK_WORKER, 10, FK_WORKER, FK_INIT, "worker", mm);
    set_task(k, FK_THR1, 11, FK_WORKER, FK_INIT, "thr", mm);
    set_task(k, FK_THR2, 12, FK_WORKER, FK_INIT, "thr", mm);
    /* A thread's own parent is not what /proc shows. */
    forge_poke(k, t[FK_THR1] + REAL_PARENT, t[FK_KTHREADD]);
    put32(forge_at(k, t[FK_WORKER] + TASK_STATE), 0);
    *forge_at(k, t[FK_WORKER] + ON_CPU) = 1;
    put32(forge_at(k, t[FK_SWAPPER1] + CPU), 1);
    circle(k, (const uint64_t[]) {
        t[FK_SWAPPER0] + TASK_TASKS, t[FK_INIT] + TASK_TASKS,
        t[FK_KTHREADD] + TASK_TASKS, t[FK_WORKER] + TASK_TASKS }, 4);
    for (int i = FK_SWAPPER0; i <= FK_KTHREADD; i++) {
        s = forge_object(k, 4096);
        forge_poke(k, t[i] + TASK_SIGNAL, s);
        circle(k, (const uint64_t[]) { s + SIG_HEAD,
                                       t[i] + TASK_THREAD_NODE }, 2);
    }
    for (int i = FK_WORKER; i <= FK_THR2; i++) {
        forge_poke(k, t[i] + TASK_SIGNAL, sig);
    }
    circle(k, (const uint64_t[]) {
        sig + SIG_HEAD, t[FK_WORKER] + TASK_THREAD_NODE,
        t[FK_THR1] + TASK_THREAD_NODE, t[FK_THR2] + TASK_THREAD_NODE }, 4);
}

static void put_cpu(ForgeKernel *k, int i, int current, uint64_t cr3)
{
    uint64_t area = forge_object(k, PERCPU_SIZE), gs = area - percpu_base(k);
    uint64_t idt = forge_object(k, 4096), entry = FK_BASE + OFF_IDT_ENTRY;

    forge_poke(k, area + PCPU_CURRENT, k->task[current]);
    forge_poke(k, area + PCPU_RQ + RQ_IDLE, k->task[i]);
    forge_poke(k, FK_BASE + OFF_DATA + 8 * i, gs);
    forge_poke(k, idt + 14 * 16, (entry & 0xffff) | (entry >> 16 & 0xffff) << 48);
    forge_poke(k, idt + 14 * 16 + 8, entry >> 32);
    k->cpu[i] = (OsiCpu) {
        .index = i, .cr0 = 0x80050033, .cr3 = cr3, .efer = 0xd01,
        .cr4 = k->opt.paging == OSI_PAGING_5LEVEL ? 0x41620 : 0x40620,
        .gs_base = i ? gs : 0x1234, .kernel_gs_base = i ? 0x5678 : gs,
        .fs_base = 0xf5, .idt_base = idt, .cpl = i ? 0 : 3,
        .lstar = i ? 0 : FK_BASE + 0x80,
    };
}

ForgeKernel *forge_kernel(ForgeOptions opt)
{
    ForgeKernel *k = g_new0(ForgeKernel, 1);
    uint64_t mm, cr3;

    k->opt = opt;
    k->f = forge_new(FK_RAM);
    k->direct = opt.paging == OSI_PAGING_5LEVEL ? 0xff11000000000000ull
                                                : 0xffff888000000000ull;
    k->root = (OsiRoot) { opt.paging, FK_BASE_PA + OFF_TOP_PGT };
    k->types = forge_structs(&opt);
    map_kernel(k);
    map_pages(k);
    k->data_lo = k->f->next;
    forge_files(k);
    for (int i = 0; i < FK_TASKS; i++) {
        k->task[i] = i ? forge_object(k, 4096) : FK_BASE + OFF_DATA + 0x8000;
        k->stack[i] = forge_object(k, FK_STACK);
    }
    put_tasks(k);
    forge_modules(k);
    forge_unwind_tables(k);
    put_image(k);
    put32(forge_at(k, FK_BASE + OFF_NR_CPUS), 2);
    mm = forge_peek(k, k->task[FK_WORKER] + TASK_MM);
    cr3 = forge_peek(k, forge_at_member(k, mm, "mm_struct", "pgd")) -
          k->direct;
    /* User mode: the user half, with a PCID. */
    put_cpu(k, 0, FK_WORKER, cr3 | (opt.pti ? 0x1007 : 7));
    put_cpu(k, 1, FK_SWAPPER1, k->root.table);
    k->data_hi = k->f->next;
    return k;
}

void forge_kernel_free(ForgeKernel *k)
{
    forge_types_free(k->types);
    forge_free(k->f);
    g_free(k);
}
