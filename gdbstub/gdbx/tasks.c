/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `monitor gdbx threads tasks': every task of the guest that no CPU runs, as a
 * thread of the machine, with the registers of its last switch. One that is on
 * a CPU is that CPU's thread: two threads with one set of registers would be a
 * lie about one of them.
 */
#include "qemu/osdep.h"
#include "monitor/monitor.h"
#include "hw/core/cpu.h"
#include "introspect/qemu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/monitor.h"

/*
 * Thread ids of tasks: the guest's and this. No CPU index comes near, and in
 * decimal, as gdb shows it, the guest's can be read off.
 */
#define TASK_IDS    10000000
/* Idle tasks have no id of their own: the CPU's number and this. */
#define IDLE_IDS    20000000

/* Enough frames to leave the scheduler. */
#define FRAMES      12

static bool shown;

/* Where a task sleeps, kept over stops for as long as its stack pointer. */
typedef struct Sleep {
    uint64_t sp, rip;
    char *where;            /* NULL: unknown */
} Sleep;

static GHashTable *sleeps;  /* address of task's object -> Sleep */

static void free_sleep(gpointer p)
{
    g_free(((Sleep *)p)->where);
    g_free(p);
}

void gdbx_tasks_reset(void)
{
    shown = false;
    g_clear_pointer(&sleeps, g_hash_table_unref);
}

static int64_t id_of(const OsiTask *t)
{
    return t->pid ? TASK_IDS + (int64_t)t->pid : IDLE_IDS + (int64_t)t->cpu;
}

const OsiTask *gdbx_task_thread(int64_t tid)
{
    const OsiTask *t;
    size_t n = 0;

    if (!shown || tid <= TASK_IDS || tid >= 2 * (int64_t)IDLE_IDS) {
        return NULL;
    }
    if (tid < IDLE_IDS) {
        t = osi_task_by_pid(gdbx_guest(), tid - TASK_IDS, NULL);
        return t && !t->on_cpu ? t : NULL;
    }
    t = osi_tasks(gdbx_guest(), &n, NULL);
    for (size_t i = 0; t && i < n; i++) {
        if (!t[i].pid && !t[i].on_cpu && id_of(&t[i]) == tid) {
            return &t[i];
        }
    }
    return NULL;
}

/* ---- registers and memory ---- */

/* A bit for each word of OsiUserRegs that the switch frame tells. */
#define KNOWN(reg) (1ull << offsetof(OsiUserRegs, reg) / 8)

bool gdbx_task_registers(const OsiTask *t, GdbxThread *out, OsiUserRegs *regs)
{
    OsiKernelRegs k;

    if (!osi_kernel_regs(gdbx_guest(), t, &k, NULL)) {
        return false;
    }
    *regs = (OsiUserRegs) {
        .rip = k.rip, .rsp = k.rsp, .rbp = k.rbp, .rbx = k.rbx,
        .r12 = k.r12, .r13 = k.r13, .r14 = k.r14, .r15 = k.r15,
        .rsi = k.rsi, .rdi = k.rdi,
    };
    *out = (GdbxThread) {
        .saved = regs, .pid = t->tgid, .tid = t->pid, .root = t->root.table,
        .known = KNOWN(rip) | KNOWN(rsp) | KNOWN(rbp) | KNOWN(rbx) |
                 (osi_word(gdbx_guest()) == 8
                  ? KNOWN(r12) | KNOWN(r13) | KNOWN(r14) | KNOWN(r15)
                  : KNOWN(rsi) | KNOWN(rdi)),
    };
    return true;
}

bool gdbx_kernel_read(uint64_t addr, void *buf, size_t len)
{
    OsiMemory mem = osi_qemu_memory();
    const OsiTask *t = gdbx_is_machine(gdbx.general.pid)
                       ? gdbx_task_thread(gdbx.general.tid) : NULL;
    OsiRoot root;

    if (t && t->root.table && osi_read(&mem, t->root, addr, buf, len, NULL)) {
        return true;
    }
    return osi_kernel_root(gdbx_guest(), &root, NULL) &&
           osi_read(&mem, root, addr, buf, len, NULL);
}

/* ---- the list ---- */

static bool in_scheduler(uint64_t pc)
{
    OsiGuest *g = gdbx_guest();
    uint64_t from, to;

    return osi_symbol(g, "__sched_text_start", &from, NULL) &&
           osi_symbol(g, "__sched_text_end", &to, NULL) &&
           pc >= from && pc < to;
}

/* As /proc/PID/wchan: the innermost function that is not the scheduler's. */
static char *unwind(const OsiTask *t)
{
    OsiFrame frames[FRAMES];
    size_t n = 0;

    if (!osi_kernel_stack(gdbx_guest(), t, frames, FRAMES, &n, NULL)) {
        return NULL;
    }
    for (size_t i = 0; i < n && !frames[i].guess; i++) {
        uint64_t pc = frames[i].pc - !frames[i].exact;

        if (!in_scheduler(pc)) {
            return g_strdup(osi_symbol_at(gdbx_guest(), pc, NULL));
        }
    }
    return NULL;
}

static const char *sleeps_in(const OsiTask *t)
{
    OsiKernelRegs k;
    Sleep *s;

    if (!osi_kernel_regs(gdbx_guest(), t, &k, NULL)) {
        return NULL;
    }
    if (!sleeps) {
        sleeps = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                       free_sleep);
    }
    s = g_hash_table_lookup(sleeps, &t->object);
    if (!s || s->sp != k.rsp || s->rip != k.rip) {
        s = g_new0(Sleep, 1);
        s->sp = k.rsp;
        s->rip = k.rip;
        s->where = unwind(t);
        g_hash_table_replace(sleeps, g_memdup2(&t->object, sizeof(t->object)),
                             s);
    }
    return s->where;
}

/* Letters of /proc/PID/stat, proc(5). */
static const char *state_word(char state)
{
    switch (state) {
    case 'R':
        return "ready to run";
    case 'S':
        return "sleeping";
    case 'D':
        return "waiting";
    case 'T':
        return "stopped";
    case 't':
        return "traced";
    case 'Z':
        return "zombie";
    case 'X':
        return "dead";
    case 'I':
        return "idle";
    case 'P':
        return "parked";
    default:
        return "state unknown";
    }
}

static char *text_of(const OsiTask *t)
{
    GString *s = g_string_new(NULL);
    const char *where = t->state == 'R' ? NULL : sleeps_in(t);

    if (!t->pid) {
        g_string_printf(s, "idle task of CPU#%d", t->cpu);
        return g_string_free(s, false);
    }
    g_string_printf(s, "%s %d", t->kernel_thread ? "kernel thread" : "pid",
                    t->tgid);
    if (t->pid != t->tgid) {
        g_string_append_printf(s, " tid %d", t->pid);
    }
    g_string_append_printf(s, " [%s]", state_word(t->state));
    if (where) {
        g_string_append_printf(s, " in %s", where);
    }
    return g_string_free(s, false);
}

void gdbx_append_tasks(GString *out)
{
    size_t n = 0;
    const OsiTask *t = shown ? osi_tasks(gdbx_guest(), &n, NULL) : NULL;

    for (size_t i = 0; t && i < n; i++) {
        if (!t[i].on_cpu) {
            g_autofree char *text = text_of(&t[i]);

            gdbx_append_thread(out, GDBX_MACHINE_PID, id_of(&t[i]), t[i].cpu,
                               t[i].comm, text);
        }
    }
}

/* ---- monitor gdbx threads ---- */

void gdbx_mon_threads(Monitor *mon, const char *args)
{
    OsiError err = { 0 };
    GdbxWord word;
    size_t n = 0;

    if (!gdbx_next_word(&args, word)) {
        monitor_printf(mon, "gdbx: threads of the machine: %s\n", shown
                       ? "CPUs and tasks" : "CPUs");
        return;
    }
    if (strcmp(word, "tasks") && strcmp(word, "cpus")) {
        gdbx_usage(mon, "threads");
        return;
    }
    if (!gdbx.client) {
        monitor_printf(mon, "gdbx: no gdb is connected\n");
        return;
    }
    shown = !strcmp(word, "tasks");
    if (shown && !osi_tasks(gdbx_guest(), &n, &err)) {
        monitor_printf(mon, "gdbx: no tasks are known yet: %s\n", err.message);
    } else if (shown) {
        monitor_printf(mon, "gdbx: %zu tasks; info threads shows them\n", n);
    }
}
