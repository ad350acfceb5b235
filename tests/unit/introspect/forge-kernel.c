/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A forged Linux guest; see forge-kernel.h. */
#include "forge-kernel.h"

#define OFF_BANNER      0x1000
#define OFF_TABLES      0x8000
#define OFF_DATA        0x200000        /* __per_cpu_offset */
#define OFF_NR_CPUS     0x200100
#define OFF_TOP_PGT     0x300000
#define OFF_IDT_ENTRY   0x2000          /* the page fault handler */
#define PERCPU_LINK     0x380000        /* where 6.16 links per-cpu data */
#define PERCPU_SIZE     0x10000
#define PCPU_CURRENT    0x1000
#define PCPU_RQ         0x2000
#define RQ_IDLE         0x18
#define FILLERS         1100
#define ARGS_VA         0x7fff00001000ull

/* Offsets in the other forged structures. */
enum { STACK = 0x20, FLAGS = 0x28, ON_CPU = 0x2c, CPU = 0x10,
       EXIT_STATE = 0x60, PID = 0x68, TGID = 0x6c, REAL_PARENT = 0x70,
       LEADER = 0x78, START = 0x98, CRED = 0xa0, FS = 0xc0, THREAD = 0x100,
       TASK_SIZE = 0x180 };
enum { MM_PGD = 8, MM_EXE = 16, MM_ARGS = 32, MM_ARGS_END = 40, MM_AUXV = 64 };
enum { FILE_PATH = 24, D_HASH = 8, D_PARENT = 32, D_NAME = 40 };
enum { MNT_PARENT = 8, MNT_POINT = 16, MNT_MNT = 40, CRED_UID = 12,
       FS_ROOT = 16, SIG_HEAD = 24 };

uint8_t *forge_at(ForgeKernel *k, uint64_t va)
{
    uint64_t pa = va >= FK_BASE ? va - FK_BASE + FK_BASE_PA : va - k->direct;

    g_assert_cmpuint(pa, <, k->f->size);
    return k->f->ram + pa;
}

/* @bytes of zeros in the direct map, page aligned. */
static uint64_t object(ForgeKernel *k, size_t bytes)
{
    uint64_t pa = k->f->next;

    for (size_t n = 0; n < bytes; n += 4096) {
        forge_page(k->f);
    }
    return k->direct + pa;
}

static void poke(ForgeKernel *k, uint64_t va, uint64_t v)
{
    put64(forge_at(k, va), v);
}

/* ---- types ---- */

static uint32_t structure(ForgeBtf *b, const char *name, uint32_t size,
                          const ForgeMember *m, size_t n)
{
    return forge_btf_struct(b, BTF_STRUCT, name, size, m, n);
}

#define STRUCT(b, name, size, ...) \
    structure(b, name, size, (const ForgeMember[]) { __VA_ARGS__ }, \
              G_N_ELEMENTS(((const ForgeMember[]) { __VA_ARGS__ })))

static void files_btf(ForgeBtf *b, uint32_t u32, uint32_t ptr)
{
    uint32_t path, len, qstr, hash, vfsmount;

    path = STRUCT(b, "path", 16, { "mnt", ptr, 0 }, { "dentry", ptr, 8 });
    STRUCT(b, "file", 64, { "f_path", path, FILE_PATH });
    STRUCT(b, "fs_struct", 64, { "root", path, FS_ROOT });
    len = STRUCT(b, "", 8, { "hash", u32, 0 }, { "len", u32, 4 });
    qstr = STRUCT(b, "qstr", 16, { "", len, 0 }, { "name", ptr, 8 });
    hash = STRUCT(b, "hlist_bl_node", 16, { "next", ptr, 0 },
                  { "pprev", ptr, 8 });
    STRUCT(b, "dentry", 96, { "d_hash", hash, D_HASH },
           { "d_parent", ptr, D_PARENT }, { "d_name", qstr, D_NAME });
    vfsmount = STRUCT(b, "vfsmount", 16, { "mnt_root", ptr, 0 });
    STRUCT(b, "mount", 64, { "mnt_parent", ptr, MNT_PARENT },
           { "mnt_mountpoint", ptr, MNT_POINT }, { "mnt", vfsmount, MNT_MNT });
}

/* With FRED the selector is 16 bits of a word that holds more. */
static void pt_regs_btf(ForgeBtf *b, uint32_t u64, uint32_t cs)
{
    static const char *const names[] = {
        "r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8", "ax",
        "cx", "dx", "si", "di", "orig_ax", "ip", "cs", "flags", "sp", "ss",
    };
    ForgeMember m[G_N_ELEMENTS(names)];

    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        m[i] = (ForgeMember) { names[i], i == 17 ? cs : u64, 8 * i };
    }
    structure(b, "pt_regs", 168, m, G_N_ELEMENTS(names));
}

static GByteArray *kernel_btf(bool fred)
{
    ForgeBtf *b = forge_btf_new();
    uint32_t u8 = forge_btf_int(b, "char", 1), u16 = forge_btf_int(b, "u16", 2);
    uint32_t u32 = forge_btf_int(b, "int", 4), u64 = forge_btf_int(b, "u64", 8);
    uint32_t ptr = forge_btf_type(b, "", BTF_PTR, 0, 0);
    uint32_t comm = forge_btf_array(b, u8, 16), auxv = forge_btf_array(b, u64,
                                                                      20);
    uint32_t list = STRUCT(b, "list_head", 16, { "next", ptr, 0 },
                           { "prev", ptr, 8 });
    uint32_t info = STRUCT(b, "thread_info", 16, { "cpu", u32, 8 });
    uint32_t thread = STRUCT(b, "thread_struct", 64, { "sp", u64, 0 },
                             { "fsbase", u64, 16 }, { "gsbase", u64, 24 });

    STRUCT(b, "task_struct", TASK_SIZE, { "thread_info", info, CPU - 8 },
           { "__state", u32, TASK_STATE }, { "stack", ptr, STACK },
           { "flags", u32, FLAGS }, { "on_cpu", u8, ON_CPU },
           { "tasks", list, TASK_TASKS }, { "mm", ptr, TASK_MM },
           { "exit_state", u32, EXIT_STATE }, { "pid", u32, PID },
           { "tgid", u32, TGID }, { "real_parent", ptr, REAL_PARENT },
           { "group_leader", ptr, LEADER },
           { "thread_node", list, TASK_THREAD_NODE },
           { "start_boottime", u64, START }, { "cred", ptr, CRED },
           { "comm", comm, TASK_COMM }, { "fs", ptr, FS },
           { "signal", ptr, TASK_SIGNAL }, { "thread", thread, THREAD });
    STRUCT(b, "signal_struct", 64, { "thread_head", list, SIG_HEAD });
    STRUCT(b, "cred", 32, { "uid", u32, CRED_UID });
    STRUCT(b, "rq", 64, { "idle", ptr, RQ_IDLE });
    STRUCT(b, "mm_struct", 256, { "pgd", ptr, MM_PGD },
           { "exe_file", ptr, MM_EXE }, { "arg_start", u64, MM_ARGS },
           { "arg_end", u64, MM_ARGS_END }, { "saved_auxv", auxv, MM_AUXV });
    files_btf(b, u32, ptr);
    pt_regs_btf(b, u64, fred ? u16 : u64);
    for (int i = 0; i < FILLERS; i++) {
        forge_btf_int(b, "filler", 4);
    }
    return forge_btf_finish(b);
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

static void put_symbols(ForgeKernel *k, GByteArray *image)
{
    static char names[FILLERS][16];
    ForgeSym syms[FILLERS + 8];
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
    for (int i = 0; i < FILLERS; i++) {
        g_snprintf(names[i], sizeof(names[i]), "sys_filler%d", i);
        syms[n++] = (ForgeSym) { names[i], 'T', FK_BASE + 0x3000 + 8 * i };
    }
    qsort(syms, n, sizeof(*syms), by_value);
    forge_kallsyms(image, k->opt.kallsyms, FK_BASE, syms, n);
}

static void put_image(ForgeKernel *k)
{
    g_autoptr(GByteArray) image = g_byte_array_new();
    g_autoptr(GByteArray) btf = kernel_btf(k->opt.gap != 0);
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

/* A process's tables: the kernel's upper half, one page of arguments. */
static uint64_t user_pgd(ForgeKernel *k)
{
    static const char args[] = "worker\0two words\0";
    uint64_t page = forge_page(k->f), pgd = k->f->next;
    uint8_t *ram = k->f->ram;

    while (pgd & 0x1000) {
        pgd = forge_page(k->f);
    }
    k->f->next = pgd + 0x2000;
    memcpy(ram + pgd + 2048, ram + k->root.table + 2048, 2048);
    forge_map(k->f, (OsiRoot) { k->opt.paging, pgd }, ARGS_VA, page, 12,
              FORGE_P | FORGE_RW | FORGE_US);
    memcpy(ram + page, args, sizeof(args));
    /* Without PTI the next page may be anything: be it the most like. */
    memcpy(ram + pgd + 0x1000, ram + pgd, 2048);
    if (k->opt.pti) {
        for (int i = 0; i < 256; i++) {
            ram[pgd + 8 * i + 7] |= ram[pgd + 8 * i] & 1 ? 0x80 : 0;
        }
    }
    return pgd;
}

/* ---- objects ---- */

static uint64_t dentry(ForgeKernel *k, uint64_t parent, const char *name)
{
    uint64_t d = object(k, 4096), text = d + 512;

    poke(k, d + D_PARENT, parent ? parent : d);
    poke(k, d + D_HASH + 8, parent ? d : 0);
    put32(forge_at(k, d + D_NAME + 4), strlen(name));
    poke(k, d + D_NAME + 8, text);
    strcpy((char *)forge_at(k, text), name);
    return d;
}

/* Returns the vfsmount inside a struct mount. */
static uint64_t mount(ForgeKernel *k, uint64_t root, uint64_t parent,
                      uint64_t point)
{
    uint64_t m = object(k, 4096);

    poke(k, m + MNT_MNT, root);
    poke(k, m + MNT_PARENT, parent ? parent - MNT_MNT : m);
    poke(k, m + MNT_POINT, point ? point : root);
    return m + MNT_MNT;
}

static uint64_t new_mm(ForgeKernel *k)
{
    static const uint64_t auxv[] = { 6, 4096, 9, 0x401000, 0, 0, 77, 77 };
    uint64_t mm = object(k, 4096), file = object(k, 4096);
    uint64_t slash = dentry(k, 0, "/"), mnt = dentry(k, slash, "mnt");
    uint64_t inner = dentry(k, 0, "/"), bin = dentry(k, inner, "bin");
    uint64_t exe = dentry(k, bin, "worker");
    uint64_t top = mount(k, slash, 0, 0), sub = mount(k, inner, top, mnt);

    poke(k, mm + MM_PGD, k->direct + user_pgd(k));
    poke(k, mm + MM_EXE, file);
    poke(k, file + FILE_PATH, sub);
    poke(k, file + FILE_PATH + 8, exe);
    poke(k, mm + MM_ARGS, ARGS_VA);
    poke(k, mm + MM_ARGS_END, ARGS_VA + 17);
    for (size_t i = 0; i < G_N_ELEMENTS(auxv); i++) {
        poke(k, mm + MM_AUXV + 8 * i, auxv[i]);
    }
    return mm;
}

/* What a system call leaves on the stack: registers numbered 1000 * id + i. */
static void user_frame(ForgeKernel *k, int who, int pid)
{
    uint64_t at = k->stack[who] + FK_STACK - k->opt.gap - 168;

    for (int i = 0; i < 21; i++) {
        poke(k, at + 8 * i, 1000 * pid + i);
    }
    /* FRED keeps flags above the selectors. */
    poke(k, at + 8 * 17, 0x1234000000000033ull);
    poke(k, at + 8 * 20, 0x560000002bull);
}

static void set_task(ForgeKernel *k, int who, int pid, int leader, int parent,
                     const char *comm, uint64_t mm)
{
    uint64_t t = k->task[who], cred = object(k, 4096);
    uint64_t fs = object(k, 4096);

    put32(forge_at(k, t + PID), pid);
    put32(forge_at(k, t + TGID), pid > 10 ? 10 : pid);
    poke(k, t + REAL_PARENT, k->task[parent]);
    poke(k, t + LEADER, k->task[leader]);
    poke(k, t + TASK_MM, mm);
    poke(k, t + STACK, k->stack[who]);
    poke(k, t + CRED, cred);
    poke(k, t + FS, fs);
    poke(k, t + START, 1000000 * (pid + 1));
    poke(k, t + THREAD + 16, 0x7000000 + pid);
    put32(forge_at(k, cred + CRED_UID), 100 + pid);
    put32(forge_at(k, t + FLAGS), mm ? 0x400000 : 0x200000);
    put32(forge_at(k, t + TASK_STATE), pid ? 1 : 0);
    strcpy((char *)forge_at(k, t + TASK_COMM), comm);
    if (mm) {
        user_frame(k, who, pid);
    }
}

/* A circle through @n nodes. */
static void circle(ForgeKernel *k, const uint64_t *node, int n)
{
    for (int i = 0; i < n; i++) {
        poke(k, node[i], node[(i + 1) % n]);
        poke(k, node[(i + 1) % n] + 8, node[i]);
    }
}

static void put_tasks(ForgeKernel *k)
{
    uint64_t init_mm = new_mm(k), mm = new_mm(k), sig = object(k, 4096), s;
    const uint64_t *t = k->task;

    set_task(k, FK_SWAPPER0, 0, FK_SWAPPER0, FK_SWAPPER0, "swapper/0", 0);
    set_task(k, FK_SWAPPER1, 0, FK_SWAPPER1, FK_SWAPPER0, "swapper/1", 0);
    set_task(k, FK_INIT, 1, FK_INIT, FK_SWAPPER0, "init", init_mm);
    set_task(k, FK_KTHREADD, 2, FK_KTHREADD, FK_SWAPPER0, "kthreadd", 0);
    set_task(k, FK_WORKER, 10, FK_WORKER, FK_INIT, "worker", mm);
    set_task(k, FK_THR1, 11, FK_WORKER, FK_INIT, "thr", mm);
    set_task(k, FK_THR2, 12, FK_WORKER, FK_INIT, "thr", mm);
    /* A thread's own parent is not what /proc shows. */
    poke(k, t[FK_THR1] + REAL_PARENT, t[FK_KTHREADD]);
    put32(forge_at(k, t[FK_WORKER] + TASK_STATE), 0);
    *forge_at(k, t[FK_WORKER] + ON_CPU) = 1;
    put32(forge_at(k, t[FK_SWAPPER1] + CPU), 1);
    circle(k, (const uint64_t[]) {
        t[FK_SWAPPER0] + TASK_TASKS, t[FK_INIT] + TASK_TASKS,
        t[FK_KTHREADD] + TASK_TASKS, t[FK_WORKER] + TASK_TASKS }, 4);
    for (int i = FK_SWAPPER0; i <= FK_KTHREADD; i++) {
        s = object(k, 4096);
        poke(k, t[i] + TASK_SIGNAL, s);
        circle(k, (const uint64_t[]) { s + SIG_HEAD,
                                       t[i] + TASK_THREAD_NODE }, 2);
    }
    for (int i = FK_WORKER; i <= FK_THR2; i++) {
        poke(k, t[i] + TASK_SIGNAL, sig);
    }
    circle(k, (const uint64_t[]) {
        sig + SIG_HEAD, t[FK_WORKER] + TASK_THREAD_NODE,
        t[FK_THR1] + TASK_THREAD_NODE, t[FK_THR2] + TASK_THREAD_NODE }, 4);
}

static void put_cpu(ForgeKernel *k, int i, int current, uint64_t cr3)
{
    uint64_t area = object(k, PERCPU_SIZE), gs = area - percpu_base(k);
    uint64_t idt = object(k, 4096), entry = FK_BASE + OFF_IDT_ENTRY;

    poke(k, area + PCPU_CURRENT, k->task[current]);
    poke(k, area + PCPU_RQ + RQ_IDLE, k->task[i]);
    poke(k, FK_BASE + OFF_DATA + 8 * i, gs);
    poke(k, idt + 14 * 16, (entry & 0xffff) | (entry >> 16 & 0xffff) << 48);
    poke(k, idt + 14 * 16 + 8, entry >> 32);
    k->cpu[i] = (OsiCpu) {
        .index = i, .cr0 = 0x80050033, .cr3 = cr3, .efer = 0xd01,
        .cr4 = k->opt.paging == OSI_PAGING_5LEVEL ? 0x1020 : 0x20,
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
    map_kernel(k);
    k->data_lo = k->f->next;
    for (int i = 0; i < FK_TASKS; i++) {
        k->task[i] = i ? object(k, 4096) : FK_BASE + OFF_DATA + 0x8000;
        k->stack[i] = object(k, FK_STACK);
    }
    put_tasks(k);
    put_image(k);
    put32(forge_at(k, FK_BASE + OFF_NR_CPUS), 2);
    memcpy(&mm, forge_at(k, k->task[FK_WORKER] + TASK_MM), 8);
    memcpy(&cr3, forge_at(k, mm + MM_PGD), 8);
    cr3 -= k->direct;
    /* User mode: the user half, with a PCID. */
    put_cpu(k, 0, FK_WORKER, cr3 | (opt.pti ? 0x1007 : 7));
    put_cpu(k, 1, FK_SWAPPER1, k->root.table);
    k->data_hi = k->f->next;
    return k;
}

void forge_kernel_free(ForgeKernel *k)
{
    forge_free(k->f);
    g_free(k);
}
