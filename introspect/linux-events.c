/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of Linux: functions of the kernel that run exactly once for each, and
 * what their arguments mean. All are global or kept apart by the compiler
 * because of who calls them; each release since 5.10 has them.
 *
 *   __switch_to(prev, next)    the only way from one task to another
 *   start_thread(regs, ip, sp) the last step of execve(); cannot fail
 *   wake_up_new_task(task)     the last step of fork(), clone(), kthreads
 *   taskstats_exit(task, last) each task, once, when it is known whether it is
 *                              the last of its process
 *   do_init_module(module)     a module is linked and relocated
 *   free_module(module)        removed, or its init has failed
 *   force_sig_info_to_task(info, task)  where all signals end that a thread has
 *                              brought on itself
 *   prb_commit(entry), prb_final_commit(entry)  a line of printk is stored
 *
 * Without CONFIG_TASKSTATS: do_exit(code) tells of a thread that is not alone,
 * disassociate_ctty(1) of the end of a process; the thread that ends one of
 * several is told twice then.
 *
 * A kernel without symbols still has the place where stack pointers are
 * exchanged, known by the offset of thread.sp in its code.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <string.h>
#include "current.h"
#include "linux-printk.h"

#define SIGNAL_GROUP_EXIT 4     /* include/linux/sched/signal.h */

typedef struct LinuxEvents {
    OsiEvents head;
    OsiRoot root;               /* the kernel's */
    uint64_t image_lo, image_size;
    LinuxFields f;
    unsigned word;
    uint64_t kernel_lo;
    OsiCurrentRecipe *recipe;   /* NULL: current cannot be told that way */
    uint64_t init_task;
    uint32_t thread_size;       /* bytes of a kernel stack; 0 unknown */
    LinuxPrintk printk;
    uint8_t how[G_N_ELEMENTS(((OsiEvents *)0)->sites)];     /* a How each */
} LinuxEvents;

/* What the arguments mean. */
typedef enum How {
    TWO_TASKS, CURRENT_IP, TASK, TASK_LAST, CODE, LAST, MODULE, INFO_TASK,
    ENTRY, LAST_ENTRY
} How;

/*
 * Functions by kind; all that are there are sites, but for one that is behind
 * what it stands in for.
 */
static const struct {
    OsiEventKind kind;
    How how;
    const char *symbol, *instead_of;
} functions[] = {
    { OSI_EVENT_SWITCH, TWO_TASKS, "__switch_to", NULL },
    { OSI_EVENT_EXEC, CURRENT_IP, "start_thread", NULL },
    { OSI_EVENT_EXEC, CURRENT_IP, "compat_start_thread", NULL },
    { OSI_EVENT_FORK, TASK, "wake_up_new_task", NULL },
    { OSI_EVENT_EXIT, TASK_LAST, "taskstats_exit", NULL },
    { OSI_EVENT_EXIT, CODE, "do_exit", "taskstats_exit" },
    { OSI_EVENT_EXIT, LAST, "disassociate_ctty", "taskstats_exit" },
    { OSI_EVENT_MODULE_LOAD, MODULE, "do_init_module", NULL },
    { OSI_EVENT_MODULE_UNLOAD, MODULE, "free_module", NULL },
    { OSI_EVENT_SIGNAL, INFO_TASK, "force_sig_info_to_task", NULL },
    { OSI_EVENT_PRINTK, LAST_ENTRY, "prb_final_commit", NULL },
    { OSI_EVENT_PRINTK, ENTRY, "prb_commit", NULL },
};

/* ---- at a site, in a vCPU thread ---- */

/* Argument of a kernel function; 32-bit kernels pass three in registers. */
static uint64_t argument(const LinuxEvents *e, const OsiCpu *cpu, int i)
{
    static const uint8_t wide[] = { OSI_RDI, OSI_RSI, OSI_RDX },
                         narrow[] = { OSI_RAX, OSI_RDX, OSI_RCX };

    return e->word == 8 ? cpu->gpr[wide[i]] : (uint32_t)cpu->gpr[narrow[i]];
}

static bool is_object(const LinuxEvents *e, uint64_t va)
{
    return va >= e->kernel_lo && va % e->word == 0;
}

static bool member(const LinuxEvents *e, OsiReader *r, uint64_t object,
                   const OsiField *f, uint64_t *value)
{
    return f->size && osi_reader_uint(r, object + f->offset, f->size, value,
                                      NULL);
}

static bool read_name(OsiReader *r, uint64_t va, char *to, size_t size)
{
    uint8_t raw[OSI_EVENT_NAME] = { 0 };
    size_t i;

    if (!osi_reader_read(r, va, raw, size - 1, NULL)) {
        return false;
    }
    for (i = 0; i < size - 1 && raw[i]; i++) {
        to[i] = g_ascii_isprint(raw[i]) ? raw[i] : '?';
    }
    to[i] = 0;
    return true;
}

static bool fill_task(const LinuxEvents *e, OsiReader *r, uint64_t object,
                      int32_t *tgid, int32_t *pid, char *name, OsiError *err)
{
    uint64_t a, b;

    if (!is_object(e, object) || !member(e, r, object, &e->f.tgid, &a) ||
        !member(e, r, object, &e->f.pid, &b) ||
        !read_name(r, object + e->f.comm.offset, name, OSI_COMM_LEN + 1)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, object,
                        "0x%" PRIx64 " is no task", object);
    }
    *tgid = a;
    *pid = b;
    return true;
}

/* The status that wait(2) gives when this is the end of the process. */
static uint64_t status_of(const LinuxEvents *e, OsiReader *r, uint64_t task,
                          uint64_t signal, uint64_t code)
{
    uint64_t flags, leader, value;

    if (member(e, r, signal, &e->f.sig_flags, &flags) &&
        (flags & SIGNAL_GROUP_EXIT)) {
        return member(e, r, signal, &e->f.sig_group_exit_code, &value)
            ? value : code;
    }
    if (member(e, r, task, &e->f.group_leader, &leader) && leader != task &&
        is_object(e, leader) &&
        member(e, r, leader, &e->f.exit_code, &value)) {
        return value;
    }
    return code;
}

/* @code: of do_exit(); else the task has it already. */
static void fill_exit(const LinuxEvents *e, OsiReader *r, const uint64_t *code,
                      bool last, OsiEvent *ev)
{
    uint64_t signal, value = 0;

    if (code) {
        value = *code;
    } else {
        member(e, r, ev->object, &e->f.exit_code, &value);
    }
    ev->last = last;
    ev->code = last && member(e, r, ev->object, &e->f.signal, &signal) &&
               is_object(e, signal)
        ? status_of(e, r, ev->object, signal, value) : value;
}

/* Is the task of a process with several threads? */
static bool has_company(const LinuxEvents *e, OsiReader *r, uint64_t task)
{
    uint64_t signal, n;

    return member(e, r, task, &e->f.signal, &signal) && is_object(e, signal) &&
           member(e, r, signal, &e->f.sig_nr_threads, &n) && n > 1;
}

static bool fill_module(const LinuxEvents *e, OsiReader *r, uint64_t module,
                        OsiEvent *ev, OsiError *err)
{
    const LinuxFields *f = &e->f;

    ev->object = module;
    if (!is_object(e, module) || !f->mod_name.size ||
        !read_name(r, module + f->mod_name.offset, ev->name,
                   MIN(sizeof(ev->name), f->mod_name.size + 1))) {
        return osi_fail(err, OSI_ERR_BAD_DATA, module,
                        "0x%" PRIx64 " is no module", module);
    }
    if (!member(e, r, module, &f->mod_core_base, &ev->address) &&
        f->mod_mem.size) {
        member(e, r, module + f->mod_mem.offset, &f->mem_base, &ev->address);
    }
    return true;
}

static bool fill_current(const LinuxEvents *e, OsiReader *r,
                         const OsiMemory *mem, const OsiCpu *cpu, OsiEvent *ev,
                         OsiError *err)
{
    if (!e->recipe || !osi_current_object(e->recipe, mem, cpu, &ev->object)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, cpu->gs_base,
                        "the task of CPU %d cannot be told", cpu->index);
    }
    return fill_task(e, r, ev->object, &ev->tgid, &ev->pid, ev->name, err);
}

/*
 * The process whose kernel stack @sp is in: a walk over all of them, for what
 * is rare. execve() leaves only the leader of the threads.
 */
static bool find_by_stack(const LinuxEvents *e, OsiReader *r, uint64_t sp,
                          uint64_t *task)
{
    uint64_t head = e->init_task + e->f.tasks.offset, node = head, stack;

    for (int i = 0; e->thread_size && i < LINUX_TASKS_MAX; i++) {
        if (!is_object(e, node) ||
            !osi_reader_uint(r, node, e->word, &node, NULL) || node == head) {
            return false;
        }
        *task = node - e->f.tasks.offset;
        if (member(e, r, *task, &e->f.stack, &stack) &&
            sp - stack < e->thread_size) {
            return true;
        }
    }
    return false;
}

static bool at_exec(const LinuxEvents *e, OsiReader *r, const OsiMemory *mem,
                    const OsiCpu *cpu, OsiEvent *ev, OsiError *err)
{
    ev->address = argument(e, cpu, 1);
    if (e->recipe) {
        return fill_current(e, r, mem, cpu, ev, err);
    }
    /* The registers that it sets are on the stack of their task. */
    if (!find_by_stack(e, r, argument(e, cpu, 0), &ev->object)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, argument(e, cpu, 0),
                        "no process has its registers at 0x%" PRIx64,
                        argument(e, cpu, 0));
    }
    return fill_task(e, r, ev->object, &ev->tgid, &ev->pid, ev->name, err);
}

/* With CLONE_PARENT the new task is not a child of the one that makes it. */
static bool at_fork(const LinuxEvents *e, OsiReader *r, const OsiMemory *mem,
                    const OsiCpu *cpu, OsiEvent *ev, OsiError *err)
{
    uint64_t mine, its;

    ev->object = argument(e, cpu, 0);
    if (!fill_task(e, r, ev->object, &ev->tgid, &ev->pid, ev->name, err)) {
        return false;
    }
    if ((e->recipe && osi_current_object(e->recipe, mem, cpu, &ev->to)) ||
        member(e, r, ev->object, &e->f.real_parent, &ev->to)) {
        fill_task(e, r, ev->to, &ev->to_tgid, &ev->to_pid, ev->to_name, NULL);
    }
    ev->shares = is_object(e, ev->to) &&
                 member(e, r, ev->object, &e->f.mm, &its) &&
                 member(e, r, ev->to, &e->f.mm, &mine) && its && its == mine;
    return true;
}

static bool at_exit(const LinuxEvents *e, OsiReader *r, const OsiMemory *mem,
                    const OsiCpu *cpu, How how, OsiEvent *ev, OsiError *err)
{
    uint64_t code = argument(e, cpu, 0);

    if (how == TASK_LAST) {
        ev->object = argument(e, cpu, 0);
        if (!fill_task(e, r, ev->object, &ev->tgid, &ev->pid, ev->name, err)) {
            return false;
        }
        fill_exit(e, r, NULL, (uint32_t)argument(e, cpu, 1), ev);
        return true;
    }
    if (!fill_current(e, r, mem, cpu, ev, err)) {
        return false;
    }
    if (how == LAST ? (uint32_t)code != 1 : !has_company(e, r, ev->object)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, ev->object, "another use of the"
                        " function");
    }
    fill_exit(e, r, how == LAST ? NULL : &code, how == LAST, ev);
    return true;
}

/*
 * struct kernel_siginfo begins as siginfo_t does: si_signo, si_errno, si_code,
 * then a union that begins with si_addr; include/uapi/asm-generic/siginfo.h.
 */
static bool at_signal(const LinuxEvents *e, OsiReader *r, const OsiCpu *cpu,
                      OsiEvent *ev, OsiError *err)
{
    uint64_t info = argument(e, cpu, 0), signal, code;

    ev->object = argument(e, cpu, 1);
    if (!is_object(e, info) ||
        !osi_reader_uint(r, info, 4, &signal, err) ||
        !osi_reader_uint(r, info + 8, 4, &code, err) ||
        !osi_reader_uint(r, info + 8 + e->word, e->word, &ev->address, err)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, info,
                        "0x%" PRIx64 " is no signal's information", info);
    }
    ev->signal = signal;
    ev->code = code;
    return fill_task(e, r, ev->object, &ev->tgid, &ev->pid, ev->name, err);
}

static bool event_at(const OsiEvents *head, const OsiEventSite *site,
                     const OsiMemory *mem, const OsiCpu *cpu, OsiEvent *ev,
                     OsiError *err)
{
    const LinuxEvents *e = (const LinuxEvents *)head;
    How how = e->how[site - head->sites];
    OsiEvent got = { .kind = site->kind };
    OsiReader r;
    bool ok = false;

    osi_reader_init(&r, mem, e->root);
    switch (how) {
    case TWO_TASKS:
        got.object = argument(e, cpu, 0);
        got.to = argument(e, cpu, 1);
        ok = fill_task(e, &r, got.object, &got.tgid, &got.pid, got.name,
                       err) &&
             fill_task(e, &r, got.to, &got.to_tgid, &got.to_pid, got.to_name,
                       err);
        break;
    case TASK:
        ok = at_fork(e, &r, mem, cpu, &got, err);
        break;
    case CURRENT_IP:
        ok = at_exec(e, &r, mem, cpu, &got, err);
        break;
    case TASK_LAST:
    case CODE:
    case LAST:
        ok = at_exit(e, &r, mem, cpu, how, &got, err);
        break;
    case MODULE:
        ok = fill_module(e, &r, argument(e, cpu, 0), &got, err);
        break;
    case INFO_TASK:
        ok = at_signal(e, &r, cpu, &got, err);
        break;
    case ENTRY:
    case LAST_ENTRY:
        got.whole = how == LAST_ENTRY;
        ok = linux_printk_read(&e->printk, &r, argument(e, cpu, 0), &got, err);
        break;
    }
    if (ok) {
        *ev = got;
    }
    return ok;
}

static void events_free(OsiEvents *head)
{
    LinuxEvents *e = (LinuxEvents *)head;

    g_free(e->recipe);
    g_free(e);
}

/* ---- where the sites are ---- */

static void add_site(LinuxEvents *e, OsiEventKind kind, How how,
                     uint64_t address, const char *name)
{
    OsiEventSite *s;

    if (e->head.n_sites < G_N_ELEMENTS(e->head.sites)) {
        e->how[e->head.n_sites] = how;
        s = &e->head.sites[e->head.n_sites++];
        s->kind = kind;
        s->address = address;
        g_strlcpy(s->name, name, sizeof(s->name));
        e->head.why[kind] = (OsiError) { 0 };
    }
}

static bool is_text(Linux *lx, uint64_t va)
{
    OsiLeaf leaf;

    return va - lx->image.base < lx->image.size &&
           osi_translate(lx->kernel.mem, lx->kernel.root, va, &leaf, NULL) &&
           leaf.executable;
}

static void add_function(Linux *lx, LinuxEvents *e, size_t i)
{
    OsiEventKind kind = functions[i].kind;
    bool have = e->head.n_sites &&
                e->head.sites[e->head.n_sites - 1].kind == kind;
    OsiError why = { 0 };
    uint64_t va;

    if (functions[i].instead_of && linux_sym(lx, functions[i].instead_of,
                                             &va)) {
        return;
    }
    if (!linux_sym(lx, functions[i].symbol, &va)) {
        osi_fail(&why, OSI_ERR_NO_SUCH, 0, "no kernel symbol %s",
                 functions[i].symbol);
    } else if (!is_text(lx, va)) {
        osi_fail(&why, OSI_ERR_BAD_DATA, va, "%s is not in kernel text",
                 functions[i].symbol);
    } else {
        add_site(e, kind, functions[i].how, va, functions[i].symbol);
    }
    /* Of alternatives the first says why. */
    if (why.kind && !have && !e->head.why[kind].kind) {
        e->head.why[kind] = why;
    }
}

/*
 * mov %rsp, thread.sp(prev); mov thread.sp(next), %rsp: __switch_to_asm, with
 * the tasks where the first two arguments are. Intel SDM vol. 2 on MOV.
 */
static uint64_t find_switch(Linux *lx)
{
    uint32_t sp = GUINT32_TO_LE(lx->f.thread_sp.offset);
    uint8_t code[14];
    size_t n = 0;
    const uint8_t *at;
    uint64_t found = 0;

    if (!lx->f.thread_sp.size || !osi_image_load(&lx->view->mem, &lx->image,
                                                 NULL)) {
        return 0;
    }
    memcpy(code + n, lx->word == 8 ? "\x48\x89\xa7" : "\x89\xa0",
           lx->word == 8 ? 3 : 2);
    n += lx->word == 8 ? 3 : 2;
    memcpy(code + n, &sp, 4);
    n += 4;
    memcpy(code + n, lx->word == 8 ? "\x48\x8b\xa6" : "\x8b\xa2",
           lx->word == 8 ? 3 : 2);
    n += lx->word == 8 ? 3 : 2;
    memcpy(code + n, &sp, 4);
    n += 4;
    at = memmem(lx->image.bytes, lx->image.size, code, n);
    if (at && !memmem(at + 1, lx->image.bytes + lx->image.size - at - 1, code,
                      n)) {
        found = lx->image.base + (at - lx->image.bytes);
    }
    osi_image_unload(&lx->image);
    return found && is_text(lx, found) ? found : 0;
}

static void need(LinuxEvents *e, OsiEventKind kind, bool ok, const OsiError *why)
{
    size_t n = 0;

    if (ok) {
        return;
    }
    for (size_t i = 0; i < e->head.n_sites; i++) {
        if (e->head.sites[i].kind != kind) {
            e->how[n] = e->how[i];
            e->head.sites[n++] = e->head.sites[i];
        } else {
            e->head.why[kind] = *why;
        }
    }
    e->head.n_sites = n;
}

/* A site whose arguments cannot be read is none. */
/* Where it has no functions to store a line that is the better reason. */
static void check_printk(Linux *lx, LinuxEvents *e, unsigned kinds)
{
    OsiError err = { 0 };

    if ((kinds >> OSI_EVENT_PRINTK & 1) &&
        !e->head.why[OSI_EVENT_PRINTK].kind) {
        need(e, OSI_EVENT_PRINTK, linux_printk_layout(lx, &e->printk, &err),
             &err);
    }
}

static void check_fields(Linux *lx, LinuxEvents *e)
{
    OsiError err = { 0 }, modules = { 0 }, current = { 0 };
    bool tasks = linux_can(lx, LINUX_TASKS, &err);

    e->recipe = tasks ? linux_current_recipe(lx, &current) : NULL;
    if (!current.kind) {
        current = err;
    }
    need(e, OSI_EVENT_SWITCH, tasks, &err);
    need(e, OSI_EVENT_FORK, tasks, &err);
    if (tasks && !e->recipe && linux_find_frame(lx, &err)) {
        e->init_task = lx->init_task;
        e->thread_size = lx->frame.thread_size;
    }
    need(e, OSI_EVENT_EXEC, e->recipe || e->thread_size, &current);
    need(e, OSI_EVENT_EXIT, tasks, &err);
    need(e, OSI_EVENT_SIGNAL, tasks, &err);
    if (!linux_can(lx, LINUX_MODULES, &modules)) {
        need(e, OSI_EVENT_MODULE_LOAD, false, &modules);
        need(e, OSI_EVENT_MODULE_UNLOAD, false, &modules);
    }
}

OsiEvents *linux_events(void *os, unsigned kinds, OsiError *err)
{
    Linux *lx = os;
    LinuxEvents *e = g_new0(LinuxEvents, 1);
    uint64_t va;

    e->head.at = event_at;
    e->head.free = events_free;
    e->root = lx->kernel.root;
    e->f = lx->f;
    e->word = lx->word;
    e->kernel_lo = lx->kernel_lo;
    for (size_t i = 0; i < G_N_ELEMENTS(functions); i++) {
        if (kinds >> functions[i].kind & 1) {
            add_function(lx, e, i);
        }
    }
    if ((kinds >> OSI_EVENT_SWITCH & 1) &&
        e->head.why[OSI_EVENT_SWITCH].kind && (va = find_switch(lx))) {
        add_site(e, OSI_EVENT_SWITCH, TWO_TASKS, va,
                 "exchange of stack pointers");
    }
    check_fields(lx, e);
    check_printk(lx, e, kinds);
    return &e->head;
}

/* ---- evidence ---- */

void linux_events_features(Linux *lx, GArray *rows)
{
    OsiEvents *e = linux_events(lx, (1u << OSI_EVENT_KINDS) - 1, NULL);
    g_autoptr(GString) s = g_string_new(NULL);
    const OsiError *why = NULL;

    for (size_t i = 0; i < e->n_sites; i++) {
        g_string_append_printf(s, "%s%s at %s", i ? ", " : "",
                               osi_event_name(e->sites[i].kind),
                               e->sites[i].name);
    }
    for (int i = 0; i < OSI_EVENT_KINDS && !why; i++) {
        why = e->why[i].kind ? &e->why[i] : NULL;
    }
    if (why) {
        OsiError all;

        osi_fail(&all, why->kind, why->address, "not all: %s%s%.100s",
                 why->message, s->len ? "; there are: " : "", s->str);
        linux_row_no(rows, "events", &all, LINUX_FIX_SYMBOLS);
    } else {
        linux_row(rows, "events", "%s", s->str);
    }
    osi_events_free(e);
}
