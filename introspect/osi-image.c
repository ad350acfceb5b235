/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * osi-image: look into a saved guest with the introspection room.
 *
 *   osi-image [--low BYTES] MEMORY REGISTERS COMMAND [ARGUMENT]
 *
 * MEMORY is guest RAM as one file. Bytes from --low on (hexadecimal) lie at
 * 4 GiB, as in a PC with more RAM than fits below the PCI hole. REGISTERS is
 * text: lines key=hex with the names of OsiCpu's fields; a line index=N starts
 * the next vCPU. Output is one record a line. Exit status 1: an error, said in
 * one line; 2: wrong usage.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include "bytes.h"
#include "introspect/guest.h"

#define HIGH (1ull << 32)

typedef struct File {
    GMappedFile *map;
    const uint8_t *bytes;
    uint64_t len, low;
} File;

static bool read_part(const File *f, uint64_t off, uint8_t *to, size_t len)
{
    if (off > f->len || len > f->len - off) {
        return false;
    }
    memcpy(to, f->bytes + off, len);
    return true;
}

/* A range over the end of low RAM would run into the PCI hole. */
static bool read_file(void *opaque, uint64_t pa, void *buf, size_t len)
{
    const File *f = opaque;

    if (pa < f->low) {
        return len <= f->low - pa && read_part(f, pa, buf, len);
    }
    return pa >= HIGH && read_part(f, pa - HIGH + f->low, buf, len);
}

/* ---- registers ---- */

#define REG(name) { #name, offsetof(OsiCpu, name) }

static const struct { const char *key; size_t at; } regs64[] = {
    REG(cr0), REG(cr3), REG(cr4), REG(efer), REG(rip), REG(rsp),
    REG(gs_base), REG(kernel_gs_base), REG(fs_base), REG(idt_base),
    REG(lstar), REG(tr_base),
};

static bool set_register(OsiCpu *cpu, const char *key, uint64_t value)
{
    for (size_t i = 0; i < G_N_ELEMENTS(regs64); i++) {
        if (!strcmp(key, regs64[i].key)) {
            *(uint64_t *)((char *)cpu + regs64[i].at) = value;
            return true;
        }
    }
    if (!strcmp(key, "cpl")) {
        cpu->cpl = value & 3;
    } else if (!strcmp(key, "halted")) {
        cpu->halted = value;
    } else {
        return false;
    }
    return true;
}

static bool parse_line(GArray *cpus, char *line)
{
    char *eq = strchr(g_strstrip(line), '='), *end;
    uint64_t value;

    if (!*line || *line == '#') {
        return true;
    }
    if (!eq) {
        return false;
    }
    *eq = 0;
    value = g_ascii_strtoull(eq + 1, &end, 16);
    if (end == eq + 1 || *end) {
        return false;
    }
    if (!strcmp(line, "index")) {
        OsiCpu cpu = { .index = value };

        g_array_append_val(cpus, cpu);
        return true;
    }
    return cpus->len &&
           set_register(&g_array_index(cpus, OsiCpu, cpus->len - 1), line,
                        value);
}

static GArray *registers;       /* OsiCpu: command "time" stops again and again */

static GArray *load_registers(const char *path)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    GArray *cpus = g_array_new(false, false, sizeof(OsiCpu));
    GError *e = NULL;

    if (!g_file_get_contents(path, &text, NULL, &e)) {
        fprintf(stderr, "osi-image: %s\n", e->message);
        exit(1);
    }
    lines = g_strsplit(text, "\n", -1);
    for (int i = 0; lines[i]; i++) {
        if (!parse_line(cpus, lines[i])) {
            fprintf(stderr, "osi-image: %s:%d: not a register\n", path, i + 1);
            exit(1);
        }
    }
    return cpus;
}

/* ---- commands ---- */

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
        osi_guest_stopped(g, (OsiCpu *)registers->data, registers->len);
        if (!osi_tasks(g, &n, &err)) {
            return fail(&err);
        }
    }
    printf("%zu tasks %" PRId64 " us\n", n,
           (g_get_monotonic_time() - at) / rounds);
    return 0;
}

static const struct {
    const char *name, *arg, *help;
    int (*run)(OsiGuest *g, const char *arg);
} commands[] = {
    { "os", NULL, "what was recognised, with evidence", cmd_os },
    { "tasks", NULL, "all tasks", cmd_tasks },
    { "current", "CPU", "the task on a vCPU", cmd_current },
    { "regs", "TID|all", "saved user registers", cmd_regs },
    { "exe", "TID|all", "path of the executable", cmd_exe },
    { "args", "TID|all", "command line", cmd_args },
    { "auxv", "TID|all", "auxiliary vector, hexadecimal", cmd_auxv },
    { "symbols", NULL, "all kernel symbols", cmd_symbols },
    { "symbol", "NAME", "one kernel symbol", cmd_symbol },
    { "time", "ROUNDS", "cost of detection and of a walk", cmd_time },
};

static int usage(void)
{
    fprintf(stderr, "usage: osi-image [--low BYTES] MEMORY REGISTERS COMMAND"
            " [ARGUMENT]\n");
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        fprintf(stderr, "  %-8s %-8s %s\n", commands[i].name,
                commands[i].arg ? commands[i].arg : "", commands[i].help);
    }
    return 2;
}

static bool open_memory(File *f, const char *path, uint64_t low)
{
    GError *e = NULL;

    f->map = g_mapped_file_new(path, false, &e);
    if (!f->map) {
        fprintf(stderr, "osi-image: %s\n", e->message);
        g_error_free(e);
        return false;
    }
    f->bytes = (const uint8_t *)g_mapped_file_get_contents(f->map);
    f->len = g_mapped_file_get_length(f->map);
    f->low = MIN(low, f->len);
    return true;
}

static int run(File *f, char **argv, int argc)
{
    OsiMemory mem = {
        read_file, f, f->len > f->low ? HIGH + f->len - f->low : f->len
    };

    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        OsiGuest *g;
        int rc;

        if (strcmp(argv[2], commands[i].name) ||
            argc != (commands[i].arg ? 4 : 3)) {
            continue;
        }
        registers = load_registers(argv[1]);
        g = osi_guest_new(&mem);
        osi_guest_stopped(g, (OsiCpu *)registers->data, registers->len);
        rc = commands[i].run(g, argv[3]);
        osi_guest_free(g);
        g_array_unref(registers);
        return rc;
    }
    return usage();
}

int main(int argc, char **argv)
{
    uint64_t low = HIGH;
    File f;
    int rc;

    argc--;
    argv++;
    if (argc > 2 && !strcmp(argv[0], "--low")) {
        low = g_ascii_strtoull(argv[1], NULL, 16);
        argc -= 2;
        argv += 2;
    }
    if (argc < 3) {
        return usage();
    }
    if (!open_memory(&f, argv[0], low)) {
        return 1;
    }
    rc = run(&f, argv, argc);
    g_mapped_file_unref(f.map);
    return rc;
}
