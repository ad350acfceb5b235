/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands of osi-image: one question each, one record a line. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "osi-image.h"

static int fail(const OsiError *err)
{
    fprintf(stderr, "osi-image: %s (at 0x%" PRIx64 ")\n", err->message,
            err->address);
    return 1;
}

static int cmd_os(OsiGuest *g, const char *arg)
{
    const char *name = osi_guest_name(g);
    size_t n;
    const OsiFeature *f = osi_guest_features(g, &n);

    (void)arg;
    printf("%s\n", name ? name : "no OS");
    for (size_t i = 0; i < n; i++) {
        printf("%-15s %-3s %s\n", f[i].name, f[i].ok ? "ok" : "no", f[i].text);
    }
    printf("%-15s     0x%" PRIx64 "\n", "cr3-mask", osi_cr3_mask(g));
    return name ? 0 : 1;
}

static void print_task(const OsiTask *t)
{
    printf("pid=%d tgid=%d ppid=%d uid=%u state=%c kthread=%d on_cpu=%d"
           " cpu=%d start=%" PRIu64 " root=%" PRIx64 " object=%" PRIx64
           " stack=%" PRIx64 " comm=%s\n", t->pid, t->tgid, t->ppid, t->uid,
           t->state, t->kernel_thread, t->on_cpu, t->cpu, t->start_time,
           t->root.table, t->object, t->kernel_stack, t->comm);
}

static int cmd_tasks(OsiGuest *g, const char *arg)
{
    OsiError err;
    size_t n;
    const OsiTask *t = osi_tasks(g, &n, &err);

    (void)arg;
    for (size_t i = 0; t && i < n; i++) {
        print_task(&t[i]);
    }
    return t ? 0 : fail(&err);
}

static int cmd_current(OsiGuest *g, const char *arg)
{
    OsiError err;
    const OsiTask *t = osi_current_task(g, atoi(arg), &err);

    if (t) {
        print_task(t);
    }
    return t ? 0 : fail(&err);
}

typedef bool (*TaskCommand)(OsiGuest *g, const OsiTask *t, OsiError *err);

/* @arg is a thread id, or "all": then errors are records too. */
static int each(OsiGuest *g, const char *arg, TaskCommand fn)
{
    OsiError err;
    size_t n = 1;
    bool all = !strcmp(arg, "all");
    const OsiTask *t = all ? osi_tasks(g, &n, &err)
                           : osi_task_by_pid(g, atoi(arg), &err);

    if (!t) {
        return fail(&err);
    }
    for (size_t i = 0; i < n; i++) {
        if (all && !t[i].pid) {
            continue;
        }
        printf("pid=%d ", t[i].pid);
        if (!fn(g, &t[i], &err)) {
            printf("error=%s\n", err.message);
            if (!all) {
                return fail(&err);
            }
        }
    }
    return 0;
}

static bool show_regs(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    static const char *const names[] = {
        "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8",
        "rax", "rcx", "rdx", "rsi", "rdi", "orig_rax", "rip", "cs", "rflags",
        "rsp", "ss", "fs_base", "gs_base",
    };
    OsiUserRegs r;

    if (!osi_saved_user_regs(g, t, &r, err)) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        printf("%s=%" PRIx64 " ", names[i], (&r.r15)[i]);
    }
    printf("compat32=%d\n", r.compat32);
    return true;
}

static bool show_string(char *s)
{
    if (s) {
        printf("%s\n", s);
        g_free(s);
    }
    return s != NULL;
}

static bool show_exe(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return show_string(osi_exe_path(g, t, err));
}

static bool show_args(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return show_string(osi_command_line(g, t, err));
}

static bool show_auxv(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    g_autoptr(GByteArray) v = osi_auxv(g, t, err);

    for (guint i = 0; v && i < v->len; i++) {
        printf("%02x", v->data[i]);
    }
    if (v) {
        putchar('\n');
    }
    return v != NULL;
}

static int cmd_regs(OsiGuest *g, const char *arg)
{
    return each(g, arg, show_regs);
}

static int cmd_exe(OsiGuest *g, const char *arg)
{
    return each(g, arg, show_exe);
}

static int cmd_args(OsiGuest *g, const char *arg)
{
    return each(g, arg, show_args);
}

static int cmd_auxv(OsiGuest *g, const char *arg)
{
    return each(g, arg, show_auxv);
}

static bool show_symbol(void *opaque, const char *name, char type,
                        uint64_t value)
{
    (void)opaque;
    printf("%016" PRIx64 " %c %s\n", value, type, name);
    return true;
}

static int cmd_symbols(OsiGuest *g, const char *arg)
{
    OsiError err;

    (void)arg;
    return osi_each_symbol(g, show_symbol, NULL, &err) ? 0 : fail(&err);
}

static int cmd_symbol(OsiGuest *g, const char *arg)
{
    uint64_t value, offset;
    const char *name;
    OsiError err;

    if (!osi_symbol(g, arg, &value, &err)) {
        return fail(&err);
    }
    name = osi_symbol_at(g, value, &offset);
    printf("%" PRIx64 " = %s+%" PRIx64 "\n", value, name ? name : "?",
           name ? offset : 0);
    return 0;
}

/* What detection and each stop cost, in microseconds: @arg stops. */
static int cmd_time(OsiGuest *g, const char *arg)
{
    gint64 start = g_get_monotonic_time(), at;
    int rounds = MAX(atoi(arg), 1);
    OsiError err;
    size_t n;

    if (!osi_guest_detect(g, &err)) {
        return fail(&err);
    }
    at = g_get_monotonic_time();
    printf("detection %" PRId64 " us\n", at - start);
    for (int i = 0; i < rounds; i++) {
        osi_guest_stopped(g, (OsiCpu *)osi_image_registers->data,
                          osi_image_registers->len);
        if (!osi_tasks(g, &n, &err)) {
            return fail(&err);
        }
    }
    printf("%zu tasks %" PRId64 " us\n", n,
           (g_get_monotonic_time() - at) / rounds);
    return 0;
}

/* ---- processes ---- */

static bool show_maps(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    size_t n;
    const OsiVma *v = osi_vmas(g, t, &n, err);

    if (!v) {
        return false;
    }
    printf("maps=%zu\n", n);
    for (size_t i = 0; i < n; i++) {
        printf("%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64
               " %02x:%02x %" PRIu64 " %s\n", v[i].start, v[i].end,
               v[i].rights & OSI_READ ? 'r' : '-',
               v[i].rights & OSI_WRITE ? 'w' : '-',
               v[i].rights & OSI_EXEC ? 'x' : '-',
               v[i].rights & OSI_SHARED ? 's' : 'p', v[i].offset,
               v[i].dev_major, v[i].dev_minor, v[i].inode,
               v[i].path ? v[i].path : "");
    }
    return true;
}

/* File objects of mappings, for command "file". */
static bool show_mapped(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    size_t n;
    const OsiVma *v = osi_vmas(g, t, &n, err);

    if (!v) {
        return false;
    }
    printf("mapped\n");
    for (size_t i = 0; i < n; i++) {
        if (v[i].file) {
            printf("%" PRIx64 " object=%" PRIx64 " %s\n", v[i].start, v[i].file,
                   v[i].path ? v[i].path : "");
        }
    }
    return true;
}

static bool show_libs(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    size_t n;
    const OsiLibrary *l = osi_libraries(g, t, &n, err);

    if (!l) {
        return false;
    }
    printf("libs=%zu\n", n);
    for (size_t i = 0; i < n; i++) {
        printf("%" PRIx64 " base=%" PRIx64 " dynamic=%" PRIx64 " %s\n",
               l[i].link_map, l[i].base, l[i].dynamic, l[i].name);
    }
    return true;
}

static bool show_files(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    size_t n;
    const OsiFile *f = osi_files(g, t, &n, err);

    if (!f) {
        return false;
    }
    printf("files=%zu\n", n);
    for (size_t i = 0; i < n; i++) {
        printf("fd=%d object=%" PRIx64 " pos=%" PRIu64 " flags=0%o inode=%"
               PRIu64 " %s\n", f[i].fd, f[i].object, f[i].pos, f[i].flags,
               f[i].inode, f[i].path ? f[i].path : "");
    }
    return true;
}

static bool show_cwd(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return show_string(osi_cwd(g, t, err));
}

static bool show_root(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return show_string(osi_root_path(g, t, err));
}

static bool show_cgroup(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    return show_string(osi_cgroup(g, t, err));
}

static bool show_creds(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    OsiCreds c = { 0 };

    if (!osi_creds(g, t, &c, err)) {
        return false;
    }
    printf("uid=%u,%u,%u,%u gid=%u,%u,%u,%u", c.uid, c.euid, c.suid, c.fsuid,
           c.gid, c.egid, c.sgid, c.fsgid);
    if (c.has_caps) {
        printf(" caps=%016" PRIx64 ",%016" PRIx64 ",%016" PRIx64 ",%016" PRIx64
               ",%016" PRIx64, c.cap_inheritable, c.cap_permitted,
               c.cap_effective, c.cap_bounding, c.cap_ambient);
    }
    if (c.has_groups) {
        printf(" groups=");
        for (size_t i = 0; i < c.n_groups; i++) {
            printf("%s%u", i ? "," : "", c.groups[i]);
        }
    }
    putchar('\n');
    g_free(c.groups);
    return true;
}

static bool show_ns(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    OsiNamespaces ns = { 0 };

    if (!osi_namespaces(g, t, &ns, err)) {
        return false;
    }
    printf("mnt=%" PRIu64 " pid_ns=%" PRIu64 " net=%" PRIu64 " uts=%" PRIu64
           " ipc=%" PRIu64 " user=%" PRIu64 " cgroup=%" PRIu64 " time=%" PRIu64
           " pid_inside=%d tgid_inside=%d level=%d\n", ns.mnt, ns.pid, ns.net,
           ns.uts, ns.ipc, ns.user, ns.cgroup, ns.time, ns.pid_inside,
           ns.tgid_inside, ns.level);
    return true;
}

/* ---- threads ---- */

static void print_hex(const uint8_t *p, size_t n)
{
    while (n--) {
        printf("%02x", *p++);
    }
}

static bool show_fpu(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    OsiFpu f;

    if (!osi_saved_fpu(g, t, &f, err)) {
        return false;
    }
    for (int i = 0; i < 16; i++) {
        printf("xmm%d=", i);
        print_hex(f.fxsave + 160 + 16 * i, 16);
        putchar(' ');
    }
    for (int i = 0; f.has_ymm && i < 16; i++) {
        printf("ymmh%d=", i);
        print_hex(f.ymm_high[i], 16);
        putchar(' ');
    }
    printf("ymm=%d\n", f.has_ymm);
    return true;
}

static bool show_kregs(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    OsiKernelRegs r;

    if (!osi_kernel_regs(g, t, &r, err)) {
        return false;
    }
    printf("rip=%" PRIx64 " rsp=%" PRIx64 " rbp=%" PRIx64 " rbx=%" PRIx64
           " r12=%" PRIx64 " r13=%" PRIx64 " r14=%" PRIx64 " r15=%" PRIx64
           " rsi=%" PRIx64 " rdi=%" PRIx64 "\n", r.rip, r.rsp, r.rbp, r.rbx,
           r.r12, r.r13, r.r14, r.r15, r.rsi, r.rdi);
    return true;
}

static bool show_stack(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    OsiFrame f[128];
    OsiError why = { 0 };
    size_t n = 0;

    if (!osi_kernel_stack(g, t, f, G_N_ELEMENTS(f), &n, &why)) {
        *err = why;
        return false;
    }
    printf("frames=%zu %s\n", n, why.kind ? why.message : "");
    for (size_t i = 0; i < n; i++) {
        uint64_t off = 0;
        const char *module = NULL, *name;

        name = osi_symbol_in(g, f[i].pc - !f[i].exact, &off, &module);
        printf("  %" PRIx64 " sp=%" PRIx64 "%s %s+0x%" PRIx64 "%s%s\n",
               f[i].pc, f[i].sp, f[i].guess ? " ?" : "", name ? name : "-",
               off + !f[i].exact, module ? " " : "", module ? module : "");
    }
    return true;
}

static bool show_syscall(OsiGuest *g, const OsiTask *t, OsiError *err)
{
    OsiSyscall s;

    if (!osi_syscall(g, t, &s, err)) {
        return false;
    }
    printf("nr=%" PRId64 " name=%s compat32=%d args=", s.number, s.name,
           s.compat32);
    for (int i = 0; i < 6; i++) {
        printf("%s%" PRIx64, i ? "," : "", s.args[i]);
    }
    printf(" sp=%" PRIx64 " pc=%" PRIx64 "\n", s.sp, s.pc);
    return true;
}

#define EACH(name) \
    static int cmd_##name(OsiGuest *g, const char *arg) \
    { \
        return each(g, arg, show_##name); \
    }
EACH(maps)
EACH(mapped)
EACH(libs)
EACH(files)
EACH(cwd)
EACH(root)
EACH(cgroup)
EACH(creds)
EACH(ns)
EACH(fpu)
EACH(kregs)
EACH(stack)
EACH(syscall)

/* ---- contents ---- */

/*
 * @arg: OBJECT (hexadecimal) or exe=PID. Absent pages are said on stderr and
 * are zeros.
 */
static uint64_t file_of(OsiGuest *g, const char *arg, OsiError *err)
{
    const OsiTask *t;

    if (!g_str_has_prefix(arg, "exe=")) {
        return g_ascii_strtoull(arg, NULL, 16);
    }
    t = osi_task_by_pid(g, atoi(arg + 4), err);
    return t ? osi_exe_file(g, t, err) : 0;
}

static int cmd_file(OsiGuest *g, const char *arg)
{
    uint8_t page[4096];
    OsiError err = { 0 };
    uint64_t object = file_of(g, arg, &err), size;

    if (err.kind || !osi_file_size(g, object, &size, &err)) {
        return fail(&err);
    }
    for (uint64_t at = 0; at < size; at += sizeof(page)) {
        size_t n = MIN(sizeof(page), size - at);

        if (!osi_file_read(g, object, at, page, n, &err)) {
            fprintf(stderr, "hole %" PRIu64 " %s\n", at, err.message);
            memset(page, 0, n);
        }
        fwrite(page, 1, n, stdout);
    }
    return 0;
}

/* @arg: PID,ADDRESS,LENGTH, the last two hexadecimal. */
static int cmd_mem(OsiGuest *g, const char *arg)
{
    g_auto(GStrv) w = g_strsplit(arg, ",", 3);
    g_autofree uint8_t *buf = NULL;
    const OsiTask *t;
    uint64_t len;
    OsiError err;

    if (g_strv_length(w) != 3) {
        fprintf(stderr, "osi-image: PID,ADDRESS,LENGTH\n");
        return 2;
    }
    t = osi_task_by_pid(g, atoi(w[0]), &err);
    len = MIN(g_ascii_strtoull(w[2], NULL, 16), 1u << 20);
    buf = g_malloc(len);
    if (!t || !osi_process_read(g, t, g_ascii_strtoull(w[1], NULL, 16), buf,
                                len, &err)) {
        return fail(&err);
    }
    print_hex(buf, len);
    putchar('\n');
    return 0;
}

/* ---- modules ---- */

static int cmd_modules(OsiGuest *g, const char *arg)
{
    OsiError err;
    size_t n, k;
    const OsiModule *m = osi_modules(g, &n, &err);

    (void)arg;
    if (!m) {
        return fail(&err);
    }
    for (size_t i = 0; i < n; i++) {
        const OsiSection *s = osi_module_sections(g, &m[i], &k, &err);

        printf("%s size=%" PRIu64 " users=%d state=%c base=%" PRIx64
               " object=%" PRIx64 "\n", m[i].name, m[i].size, m[i].users,
               m[i].state, m[i].base, m[i].object);
        for (size_t j = 0; s && j < k; j++) {
            printf("  section %s %" PRIx64 " %" PRIu64 "\n", s[j].name,
                   s[j].address, s[j].size);
        }
        if (!s) {
            printf("  error=%s\n", err.message);
        }
    }
    return 0;
}

static int cmd_modsyms(OsiGuest *g, const char *arg)
{
    OsiError err;
    size_t n;
    const OsiModule *m = osi_modules(g, &n, &err);

    for (size_t i = 0; m && i < n; i++) {
        if (!strcmp(m[i].name, arg)) {
            return osi_module_symbols(g, &m[i], show_symbol, NULL, &err)
                ? 0 : fail(&err);
        }
    }
    if (m) {
        osi_fail(&err, OSI_ERR_NO_SUCH, 0, "no module %s", arg);
    }
    return fail(&err);
}

static int cmd_doctor(OsiGuest *g, const char *arg)
{
    size_t n;
    const OsiFeature *f = osi_guest_features(g, &n);

    (void)arg;
    for (size_t i = 0; i < n; i++) {
        if (!f[i].ok) {
            printf("%s: %s (at 0x%" PRIx64 ")\n    %s\n", f[i].name,
                   f[i].text, f[i].address, f[i].fix);
        }
    }
    return 0;
}

const OsiImageCommand osi_image_commands[] = {
    { "os", NULL, "what was recognised, with evidence", cmd_os },
    { "tasks", NULL, "all tasks", cmd_tasks },
    { "current", "CPU", "the task on a vCPU", cmd_current },
    { "regs", "TID|all", "saved user registers", cmd_regs },
    { "exe", "TID|all", "path of the executable", cmd_exe },
    { "args", "TID|all", "command line", cmd_args },
    { "auxv", "TID|all", "auxiliary vector, hexadecimal", cmd_auxv },
    { "maps", "TID|all", "mappings, as /proc/PID/maps", cmd_maps },
    { "mapped", "TID|all", "file objects of mappings", cmd_mapped },
    { "libs", "TID|all", "the dynamic linker's list", cmd_libs },
    { "files", "TID|all", "open files", cmd_files },
    { "cwd", "TID|all", "working directory", cmd_cwd },
    { "root", "TID|all", "root directory", cmd_root },
    { "creds", "TID|all", "credentials", cmd_creds },
    { "ns", "TID|all", "namespaces", cmd_ns },
    { "cgroup", "TID|all", "control group", cmd_cgroup },
    { "fpu", "TID|all", "saved SSE and AVX registers", cmd_fpu },
    { "kregs", "TID|all", "kernel registers of the last switch", cmd_kregs },
    { "stack", "TID|all", "kernel stack", cmd_stack },
    { "syscall", "TID|all", "current system call", cmd_syscall },
    { "file", "OBJECT|exe=PID", "a file out of the page cache", cmd_file },
    { "mem", "TID,ADDR,LEN", "memory of a process", cmd_mem },
    { "modules", NULL, "modules with their sections", cmd_modules },
    { "modsyms", "NAME", "symbols of a module", cmd_modsyms },
    { "layout", NULL, "members of the kernel's structures", osi_image_layout },
    { "doctor", NULL, "what is missing, why, what would help", cmd_doctor },
    { "symbols", NULL, "all kernel symbols", cmd_symbols },
    { "symbol", "NAME", "one kernel symbol", cmd_symbol },
    { "time", "ROUNDS", "cost of detection and of a walk", cmd_time },
};

const size_t osi_image_n_commands = G_N_ELEMENTS(osi_image_commands);
