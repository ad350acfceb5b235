/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All public questions, what their answers must be like; see torture.h. */
#include <inttypes.h>
#include <string.h>
#include "torture.h"

#define FIRST   24          /* of a long list, asked further */

static const char *const names[Q_COUNT] = {
    "detect", "current", "recipe", "tasks", "features", "cr3_mask", "symbol",
    "symbol_in", "modules", "sections", "module_symbols", "events",
    "event_at", "user_regs", "fpu", "kernel_regs", "kernel_stack", "syscall",
    "exe", "args", "auxv", "vmas", "libraries", "files", "cwd", "root",
    "file_size", "file_read", "process_read", "creds", "namespaces", "cgroup",
    "lookup", "inode_read", "inode_link", "numbers", "extents", "usage",
};

/* Answers of the undamaged guest are kept, to be compared. */
static void digest(Torture *t, const void *p, size_t len)
{
    const uint8_t *b = p;

    if (t->damaged) {
        return;
    }
    g_string_append(t->answers, names[t->asking]);
    g_string_append_c(t->answers, ' ');
    while (len--) {
        g_string_append_printf(t->answers, "%02x", b[len]);
    }
    g_string_append_c(t->answers, '\n');
}

static void digest_text(Torture *t, const char *s)
{
    if (!t->damaged) {
        g_string_append_printf(t->answers, "%s \"%s\"\n", names[t->asking],
                               s ? s : "(none)");
    }
}

static void begin(Torture *t)
{
    t->reads = 0;
}

/* An address is due when the guest's memory is to blame. */
static void check_error(Torture *t, Question q, const OsiError *err)
{
    bool about = err->kind == OSI_ERR_UNMAPPED || err->kind == OSI_ERR_NOT_RAM;

    if (err->kind == OSI_OK || !err->message[0] ||
        !memchr(err->message, 0, sizeof(err->message)) ||
        strchr(err->message, '\n') ||
        (about && !err->address && !strstr(err->message, "0x"))) {
        g_error("%s: image %" PRIu64 ": an error of kind %d at 0x%" PRIx64
                " says \"%.190s\"", names[q], t->seed, err->kind, err->address,
                err->message);
    }
    for (const char *p = err->message; *p; p++) {
        if (!g_ascii_isprint(*p)) {
            g_error("%s: image %" PRIu64 ": an error with byte %02x: \"%s\"",
                    names[q], t->seed, (uint8_t)*p, err->message);
        }
    }
}

static bool end(Torture *t, Question q, bool ok, const OsiError *err)
{
    TortureCount *c = &t->count[q];

    c->asked++;
    t->asking = q;
    if (!t->damaged) {
        c->clean = MAX(c->clean, t->reads);
    } else if (t->reads > c->damaged) {
        c->damaged = t->reads;
        c->seed = t->seed;
    }
    if (!ok) {
        c->failed++;
        t->errors++;
        if (err) {
            check_error(t, q, err);
            digest_text(t, err->message);
        }
    }
    digest(t, &ok, sizeof(ok));
    return ok;
}

#define ASK(t, q, call) \
    (begin(t), err = (OsiError) { 0 }, end(t, q, (call), E(t)))

/* Who does not want to know the reason gives NULL. */
#define E(t) ((t)->damaged && (t)->seed % 8 == 5 ? NULL : &err)

/* Text in an answer: ends, and no longer than @max. */
static void check_text(Torture *t, Question q, const char *s, size_t max)
{
    if (s && strnlen(s, max) == max) {
        g_error("%s: image %" PRIu64 ": a text of over %zu bytes", names[q],
                t->seed, max);
    }
    digest_text(t, s);
}

/* What is not counted is not a matter of memory: it was g_malloc()ed. */
#define PATH_LONGEST    8192
#define ARGS_LONGEST    (64 << 10)

static void ask_text(Torture *t, Question q, char *s, const OsiError *err,
                     size_t max)
{
    if (end(t, q, s != NULL, err)) {
        check_text(t, q, s, max);
    }
    g_free(s);
}

#define TEXT(t, q, call, max) do { \
    OsiError err = { 0 }; \
    begin(t); \
    ask_text(t, q, call, E(t), max); \
} while (0)

/* ---- the guest ---- */

static void ask_cpus(Torture *t)
{
    OsiCurrentRecipe *recipe;
    OsiError err;

    for (size_t i = 0; i < t->n_cpus; i++) {
        const OsiTask *now = NULL;

        if (ASK(t, Q_CURRENT, (now = osi_current_task(t->g, t->cpus[i].index,
                                                      E(t))))) {
            digest(t, &now->object, 8);
            digest_text(t, now->comm);
        }
    }
    ASK(t, Q_RECIPE, (recipe = osi_current_recipe(t->g, E(t))));
    for (size_t i = 0; recipe && i < t->n_cpus; i++) {
        OsiIds ids = { -5, -5 };

        if (osi_current_ids(recipe, &t->mem, &t->cpus[i], &ids)) {
            digest(t, &ids, sizeof(ids));
        } else if (ids.pid != -5 || ids.tgid != -5) {
            g_error("image %" PRIu64 ": ids of a refusal", t->seed);
        }
    }
    g_free(recipe);
}

static void check_task(Torture *t, const OsiTask *task)
{
    size_t len = strnlen(task->comm, sizeof(task->comm));

    g_assert_cmpuint(len, <, sizeof(task->comm));
    for (size_t i = 0; i < len; i++) {
        g_assert_true(g_ascii_isprint(task->comm[i]));
    }
    g_assert_true(g_ascii_isprint(task->state));
    digest(t, &task->object, 8);
    digest(t, &task->pid, 4);
    digest(t, &task->tgid, 4);
    digest(t, &task->ppid, 4);
    digest(t, &task->root.table, 8);
    digest_text(t, task->comm);
}

static void ask_features(Torture *t)
{
    const OsiFeature *f;
    OsiError err = { 0 };
    size_t n;

    begin(t);
    f = osi_guest_features(t->g, &n);
    end(t, Q_FEATURES, true, &err);
    g_assert_cmpuint(n, >, 0);
    for (size_t i = 0; i < n; i++) {
        g_assert_cmpuint(strnlen(f[i].text, sizeof(f[i].text)), <,
                         sizeof(f[i].text));
        g_assert_cmpuint(strnlen(f[i].fix, sizeof(f[i].fix)), <,
                         sizeof(f[i].fix));
        g_assert_cmpstr(f[i].text, !=, "");
        digest_text(t, f[i].name);
        digest_text(t, f[i].text);
    }
}

static bool count_symbol(void *opaque, const char *name, char type,
                         uint64_t value)
{
    Torture *t = opaque;

    digest_text(t, name);
    digest(t, &value, 8);
    return true;
}

static void ask_module(Torture *t, const OsiModule *m)
{
    const OsiSection *s = NULL;
    OsiError err;
    size_t n = 0;

    check_text(t, Q_MODULES, m->name, sizeof(m->name));
    digest(t, &m->base, 8);
    if (ASK(t, Q_SECTIONS, (s = osi_module_sections(t->g, m, &n, E(t))))) {
        for (size_t i = 0; i < n; i++) {
            check_text(t, Q_SECTIONS, s[i].name, sizeof(s[i].name));
            digest(t, &s[i].address, 8);
        }
    }
    ASK(t, Q_MODULE_SYMBOLS, osi_module_symbols(t->g, m, count_symbol, t,
                                                E(t)));
}

static void ask_symbol_in(Torture *t, uint64_t addr)
{
    const char *module = NULL, *name;
    OsiError err = { 0 };
    uint64_t off = 0;

    begin(t);
    name = osi_symbol_in(t->g, addr, &off, &module);
    end(t, Q_SYMBOL_IN, true, &err);
    digest_text(t, name);
    digest_text(t, module);
    if (name) {
        digest(t, &off, 8);
    }
}

static void ask_symbols(Torture *t)
{
    const OsiModule *m = NULL;
    OsiError err;
    uint64_t v;
    size_t n = 0;

    ASK(t, Q_SYMBOL, osi_symbol(t->g, "init_task", &v, E(t)));
    for (size_t i = 0; i < t->n_cpus; i++) {
        ask_symbol_in(t, t->cpus[i].rip);
        ask_symbol_in(t, t->cpus[i].lstar + 5);
    }
    if (ASK(t, Q_MODULES, (m = osi_modules(t->g, &n, E(t))))) {
        for (size_t i = 0; i < MIN(n, FIRST); i++) {
            ask_module(t, &m[i]);
            ask_symbol_in(t, m[i].base + m[i].size / 2);
        }
    }
}

static void ask_events(Torture *t)
{
    const OsiEventSite *site;
    OsiEvents *e;
    OsiError err;
    size_t n;

    if (!ASK(t, Q_EVENTS, (e = osi_events_new(t->g, ~0u, E(t))))) {
        return;
    }
    site = osi_events_sites(e, &n);
    for (size_t i = 0; i < n; i++) {
        OsiCpu cpu = t->cpus[i % t->n_cpus];
        const OsiTask *now = osi_current_task(t->g, cpu.index, NULL);
        OsiEvent ev = { 0 };

        cpu.rip = site[i].address;
        for (int r = 0; now && r < OSI_GPRS; r++) {
            cpu.gpr[r] = r == OSI_RSP ? cpu.rsp : now->object;
        }
        if (ASK(t, Q_EVENT_AT, osi_event_at(e, &site[i], &t->mem, &cpu, &ev,
                                            E(t)))) {
            check_text(t, Q_EVENT_AT, ev.name, sizeof(ev.name));
            check_text(t, Q_EVENT_AT, ev.to_name, sizeof(ev.to_name));
        }
    }
    for (int k = 0; k < OSI_EVENT_KINDS; k++) {
        if (osi_event_why(e, k, &err)) {
            check_error(t, Q_EVENTS, &err);
        }
    }
    osi_events_free(e);
}

bool torture_stop(Torture *t)
{
    OsiError err;

    osi_guest_stopped(t->g, t->cpus, t->n_cpus);
    ASK(t, Q_DETECT, osi_guest_detect(t->g, E(t)));
    if (!t->damaged) {
        t->resume = t->resume ? MIN(t->resume, t->reads) : t->reads;
    }
    return t->reads > t->resume + 4;
}

void torture_ask_guest(Torture *t)
{
    OsiError err;
    uint64_t v;
    size_t n;

    digest_text(t, osi_guest_name(t->g));
    ask_cpus(t);
    if (ASK(t, Q_TASKS, osi_tasks(t->g, &n, E(t)))) {
        const OsiTask *all = osi_tasks(t->g, &n, NULL);

        for (size_t i = 0; i < n; i++) {
            check_task(t, &all[i]);
        }
    }
    ask_features(t);
    ASK(t, Q_CR3_MASK, (v = osi_cr3_mask(t->g)));
    digest(t, &v, 8);
    ask_symbols(t);
    ask_events(t);
}

/* ---- a task ---- */

static void ask_thread(Torture *t, const OsiTask *task)
{
    OsiFrame frames[200];
    OsiKernelRegs kregs;
    OsiUserRegs regs;
    OsiSyscall sc;
    OsiError err;
    OsiFpu fpu;
    size_t n = 0;

    if (ASK(t, Q_REGS, osi_saved_user_regs(t->g, task, &regs, E(t)))) {
        digest(t, &regs, offsetof(OsiUserRegs, compat32));
    }
    if (ASK(t, Q_FPU, osi_saved_fpu(t->g, task, &fpu, E(t)))) {
        digest(t, fpu.fxsave, sizeof(fpu.fxsave));
    }
    if (ASK(t, Q_KERNEL_REGS, osi_kernel_regs(t->g, task, &kregs, E(t)))) {
        digest(t, &kregs.rip, 8);
        digest(t, &kregs.rsp, 8);
    }
    if (ASK(t, Q_KERNEL_STACK, osi_kernel_stack(t->g, task, frames,
                                    G_N_ELEMENTS(frames), &n, E(t)))) {
        g_assert_cmpuint(n, <=, G_N_ELEMENTS(frames));
        if (err.kind) {
            check_error(t, Q_KERNEL_STACK, &err);
        }
        for (size_t i = 0; i < n; i++) {
            digest(t, &frames[i].pc, 8);
        }
    }
    if (ASK(t, Q_SYSCALL, osi_syscall(t->g, task, &sc, E(t)))) {
        check_text(t, Q_SYSCALL, sc.name, sizeof(sc.name));
        digest(t, &sc.number, 8);
    }
}

static void ask_file(Torture *t, uint64_t file)
{
    uint64_t size = 0, off;
    uint8_t buf[6000];
    OsiError err;

    if (!ASK(t, Q_FILE_SIZE, osi_file_size(t->g, file, &size, E(t)))) {
        return;
    }
    digest(t, &size, 8);
    off = size ? t->seed * 4096 % size : 0;
    if (t->damaged) {
        ASK(t, Q_FILE_READ, osi_file_read(t->g, file, off, buf, sizeof(buf),
                                          E(t)));
    } else if (ASK(t, Q_FILE_READ, osi_file_read(t->g, file, 0, buf,
                                   MIN(size, sizeof(buf)), E(t)))) {
        digest(t, buf, MIN(size, sizeof(buf)));
    }
}

static void ask_memory(Torture *t, const OsiTask *task, uint64_t va)
{
    uint8_t buf[64];
    OsiError err;

    if (ASK(t, Q_PROCESS_READ, osi_process_read(t->g, task, va, buf,
                                                sizeof(buf), E(t)))) {
        digest(t, buf, sizeof(buf));
    }
}

static void ask_usage(Torture *t, const OsiTask *task, const OsiVma *v)
{
    OsiUsage u;
    OsiError err;

    if (ASK(t, Q_USAGE, osi_vma_usage(t->g, task, v, 1000, &u, E(t)))) {
        digest(t, &u.resident, 8);
        digest(t, &u.anonymous, 8);
    }
}

static void ask_vmas(Torture *t, const OsiTask *task)
{
    const OsiVma *v = NULL;
    uint64_t last = 0;
    OsiError err;
    size_t n = 0;

    if (!ASK(t, Q_VMAS, (v = osi_vmas(t->g, task, &n, E(t))))) {
        ask_memory(t, task, 0x400000);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        if (v[i].start < last || v[i].end <= v[i].start) {
            g_error("image %" PRIu64 ": a mapping 0x%" PRIx64 "-0x%" PRIx64
                    " behind 0x%" PRIx64, t->seed, v[i].start, v[i].end, last);
        }
        last = v[i].end;
        check_text(t, Q_VMAS, v[i].path, PATH_LONGEST);
        digest(t, &v[i].start, 8);
    }
    for (size_t i = 0; i < MIN(n, FIRST); i++) {
        const OsiVma *m = &v[t->damaged ? (t->seed + i * 7) % n : i];

        ask_memory(t, task, m->start + (m->end - m->start) / 8192 * 4096);
        ask_usage(t, task, m);
        g_assert_true(osi_vma_at(t->g, task, m->end - 1, NULL) == m);
    }
}

static void ask_inode(Torture *t, const OsiInode *inode)
{
    uint8_t buf[6000];
    size_t got = 0;
    OsiError err;

    digest(t, &inode->number, 8);
    TEXT(t, Q_INODE_LINK, osi_inode_link(t->g, inode, E(t)), PATH_LONGEST);
    if (ASK(t, Q_INODE_READ, osi_inode_read(t->g, inode, 0, buf, sizeof(buf),
                                            &got, E(t)))) {
        g_assert_cmpuint(got, <=, sizeof(buf));
        digest(t, buf, got);
    }
}

static void ask_lookup(Torture *t, const OsiTask *task)
{
    static const char *const paths[] = {
        "/", "/far", "/mnt/bin/worker", "/circle", "/none", "/bin/../init",
        "/mnt/../mnt/near/../lib.so", "/lib/modules", "/etc/passwd",
    };
    OsiTaskNumbers n;
    OsiExtents e;
    OsiInode inode;
    OsiError err;

    for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
        if (ASK(t, Q_LOOKUP, osi_file_lookup(t->g, task, paths[i], i & 1,
                                             &inode, E(t)))) {
            ask_inode(t, &inode);
        }
    }
    if (ASK(t, Q_NUMBERS, osi_task_numbers(t->g, task, &n, E(t)))) {
        digest(t, &n.flags, 4);
    }
    if (ASK(t, Q_EXTENTS, osi_extents(t->g, task, &e, E(t)))) {
        digest(t, &e.arg_start, 8);
    }
}

static void ask_libraries(Torture *t, const OsiTask *task)
{
    const OsiLibrary *l = NULL;
    OsiError err;
    size_t n = 0;

    if (ASK(t, Q_LIBRARIES, (l = osi_libraries(t->g, task, &n, E(t))))) {
        for (size_t i = 0; i < n; i++) {
            check_text(t, Q_LIBRARIES, l[i].name, PATH_LONGEST);
            digest(t, &l[i].base, 8);
        }
    }
}

static void ask_files(Torture *t, const OsiTask *task)
{
    const OsiFile *f = NULL;
    OsiError err;
    size_t n = 0;

    if (!ASK(t, Q_FILES, (f = osi_files(t->g, task, &n, E(t))))) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        g_assert_true(i == 0 || f[i].fd > f[i - 1].fd);
        check_text(t, Q_FILES, f[i].path, PATH_LONGEST);
        digest(t, &f[i].pos, 8);
    }
    for (size_t i = 0; i < MIN(n, 4); i++) {
        ask_file(t, f[i].object);
    }
}

static void ask_rights(Torture *t, const OsiTask *task)
{
    OsiNamespaces ns = { 0 };
    OsiCreds c = { 0 };
    OsiError err;

    if (ASK(t, Q_CREDS, osi_creds(t->g, task, &c, E(t)))) {
        digest(t, &c.uid, 8 * sizeof(c.uid));
        g_assert_cmpuint(c.n_groups, <=, 65536);
        digest(t, c.groups, c.n_groups * sizeof(*c.groups));
        g_free(c.groups);
    }
    if (ASK(t, Q_NAMESPACES, osi_namespaces(t->g, task, &ns, E(t)))) {
        digest(t, &ns.mnt, 8 * sizeof(ns.mnt));
    }
    TEXT(t, Q_CGROUP, osi_cgroup(t->g, task, E(t)), PATH_LONGEST);
}

void torture_ask_task(Torture *t, const OsiTask *task)
{
    GByteArray *auxv = NULL;
    OsiError err = { 0 };
    uint64_t file;

    ask_thread(t, task);
    TEXT(t, Q_EXE, osi_exe_path(t->g, task, E(t)), PATH_LONGEST);
    TEXT(t, Q_ARGS, osi_command_line(t->g, task, E(t)), ARGS_LONGEST);
    if (ASK(t, Q_AUXV, (auxv = osi_auxv(t->g, task, E(t))))) {
        digest(t, auxv->data, auxv->len);
        g_byte_array_unref(auxv);
    }
    file = osi_exe_file(t->g, task, NULL);
    if (file) {
        ask_file(t, file);
    }
    ask_vmas(t, task);
    ask_libraries(t, task);
    ask_files(t, task);
    ask_lookup(t, task);
    TEXT(t, Q_CWD, osi_cwd(t->g, task, E(t)), PATH_LONGEST);
    TEXT(t, Q_ROOT, osi_root_path(t->g, task, E(t)), PATH_LONGEST);
    ask_rights(t, task);
}

void torture_ask_all(Torture *t, size_t max)
{
    const OsiTask *task;
    size_t n = 0;

    torture_forget_answers(t);
    torture_stop(t);
    torture_ask_guest(t);
    task = osi_tasks(t->g, &n, NULL);
    for (size_t i = 0; task && i < MIN(n, max); i++) {
        torture_ask_task(t, &task[i]);
    }
}

void torture_forget_answers(Torture *t)
{
    g_string_set_size(t->answers, 0);
}

char *torture_differs(const Torture *t, const char *then)
{
    g_auto(GStrv) a = g_strsplit(then, "\n", -1);
    g_auto(GStrv) b = g_strsplit(t->answers->str, "\n", -1);

    for (int i = 0; a[i] || b[i]; i++) {
        if (g_strcmp0(a[i], b[i])) {
            return g_strdup_printf("%s, then %s", a[i] ? a[i] : "nothing",
                                   b[i] ? b[i] : "nothing");
        }
        if (!a[i] || !b[i]) {
            break;
        }
    }
    return NULL;
}

void torture_report(const Torture *t, void (*say)(const char *line))
{
    g_autofree char *head = g_strdup_printf("%-14s %10s %10s %10s %10s  %s",
        "question", "asked", "refused", "clean", "damaged", "image");

    say(head);
    for (int q = 0; q < Q_COUNT; q++) {
        const TortureCount *c = &t->count[q];
        g_autofree char *line = g_strdup_printf("%-14s %10" PRIu64 " %10"
            PRIu64 " %10" PRIu64 " %10" PRIu64 "  %" PRIu64, names[q],
            c->asked, c->failed, c->clean, c->damaged, c->seed);

        if (c->asked) {
            say(line);
        }
    }
}
