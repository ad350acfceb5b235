/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The calls that threads are in. See syscall.h. */
#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "qemu/thread.h"
#include "hw/core/cpu.h"
#include "replay/timeline.h"
#include "gdbstub/event.h"
#include "introspect/syscall.h"
#include "gdbstub/gdbx/os-points.h"
#include "gdbstub/gdbx/uninit.h"

/* Threads of guests end inside of calls without a word; then they are here. */
#define MAX_CALLS 65536

bool gdbx_syscalls_wanted;

static QemuMutex lock;
static unsigned under_way;      /* how many there are in it; @lock */
static GHashTable *calls;       /* key_of() the thread -> Kept, owned */

/* A thread's place stays when its call has ended: the next one comes soon. */
typedef struct Kept {
    bool under_way;
    GdbxCall call;
} Kept;

static uint64_t *spaces;        /* address spaces of followed processes */
static unsigned n_spaces;
static uint64_t mask;
static bool user_wanted;        /* a point on the return to user mode */
static bool everybody;          /* all address spaces are meant */
static GHashTable *seeded;      /* pids whose calls under way are known */

/* Where the registers of a CPU at the beginning of a call are. */
typedef struct Stand {
    bool valid;
    OsiUserRegs regs;
} Stand;

static Stand *stands;           /* a vCPU each */
static unsigned n_stands;

static void __attribute__((constructor)) init(void)
{
    qemu_mutex_init(&lock);
    calls = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    seeded = g_hash_table_new(NULL, NULL);
}

/* ---- which calls ---- */

bool gdbx_syscall_meant(CPUState *cs)
{
    uint64_t space;

    if (everybody) {
        return true;
    }
    space = gdbx.arch->address_space(cs) & mask;
    for (unsigned i = 0; i < n_spaces; i++) {
        if (spaces[i] == space) {
            return true;
        }
    }
    return false;
}

/* The call is the thread's last word. Numbers: <asm/unistd_{64,32}.h>. */
static bool never_ends(const OsiCall *c)
{
    return c->compat32 ? c->number == 1 || c->number == 252
                       : c->number == 60 || c->number == 231;
}

static void forget_all(void)
{
    g_hash_table_remove_all(calls);
    under_way = 0;
}

static void remember(uint64_t by, const GdbxCall *call)
{
    Kept *k;

    QEMU_LOCK_GUARD(&lock);
    k = g_hash_table_lookup(calls, &by);
    if (!k) {
        if (g_hash_table_size(calls) >= MAX_CALLS) {
            forget_all();
        }
        k = g_new0(Kept, 1);
        g_hash_table_insert(calls, g_memdup2(&by, sizeof(by)), k);
    }
    under_way += !k->under_way;
    k->under_way = true;
    k->call = *call;
}

/* What the call of the thread on @cs is kept by. */
static void key_of(CPUState *cs, uint64_t *key)
{
    if (gdbx_current_object(cs, key)) {
        return;
    }
    /* Without an OS: what is on this CPU. */
    *key = gdbx.arch->thread_key(cs) ?: cs->cpu_index + 1;
}

/* The call that the thread on @cs was in; it is in none any more. */
static bool take(CPUState *cs, GdbxCall *call)
{
    uint64_t key;
    Kept *k;

    if (!qatomic_read(&under_way)) {
        return false;
    }
    key_of(cs, &key);

    QEMU_LOCK_GUARD(&lock);
    k = g_hash_table_lookup(calls, &key);
    if (!k || !k->under_way) {
        return false;
    }
    *call = k->call;
    k->under_way = false;
    under_way--;
    return true;
}

/* ---- vCPU threads ---- */

/* Whose page tables are loaded says the process, if it is followed. */
static OsiIds who_is(CPUState *cs)
{
    uint64_t space = gdbx.arch->address_space(cs) & mask;
    OsiIds ids;

    if (gdbx_current_known(cs, &ids)) {
        return ids;
    }
    ids = (OsiIds) { 0 };
    for (guint i = 0; i < gdbx.inferiors->len; i++) {
        const GdbxInferior *inf = g_ptr_array_index(gdbx.inferiors, i);

        if (!inf->gone && (inf->root.table & mask) == space) {
            ids.tgid = inf->pid;
        }
    }
    return ids;
}

bool gdbx_syscall_begins(CPUState *cs, GdbxCall *call)
{
    GDBX_UNINIT GdbxCall old;
    uint64_t key;
    bool stop;

    call->no_args = false;
    if (gdbx_catch_any()) {
        call->who = who_is(cs);
    }
    stop = gdbx_catch(cs, call, true);
    if (gdbx_event_wanted(GDBX_EVENT_SYSCALL)) {
        stop |= gdbx_syscall_event(cs, call, NULL);
    }
    if (!never_ends(&call->made) &&
        (gdbx_catch_any() || gdbx_syscall_end_wanted(call))) {
        key_of(cs, &key);
        remember(key, call);
    } else {
        take(cs, &old);
    }
    if (stop) {
        gdbx_event_stop_behind(cs);
    }
    return stop;
}

static bool read_cpu(void *opaque, uint64_t va, void *buf, size_t len)
{
    return gdbx.arch->read_virt(opaque, va, buf, len);
}

static int64_t result_of(CPUState *cs, const GdbxCall *call)
{
    GDBX_UNINIT OsiCpu cpu;

    gdbx.arch->osi_cpu(cs, &cpu);
    return osi_call_result(&cpu, gdbx.arch->is_64bit(cs), read_cpu, cs,
                           &call->made);
}

static void end_call(CPUState *cs)
{
    GDBX_UNINIT GdbxCall call;
    int64_t result;
    bool stop;

    if (!take(cs, &call)) {
        return;
    }
    /* An exec by another thread than the first gives it the first one's id. */
    if (gdbx_catch_any()) {
        call.who = who_is(cs);
    }
    stop = gdbx_catch(cs, &call, false);
    if (gdbx_event_wanted(GDBX_EVENT_SYSCALL)) {
        result = result_of(cs, &call);
        stop |= gdbx_syscall_event(cs, &call, &result);
    }
    if (stop) {
        gdbx_event_stop_behind(cs);
    }
}

void gdbx_syscall_ends(CPUState *cs)
{
    end_call(cs);
    if (user_wanted) {
        gdbx_os_user(cs);
    }
}

void gdbx_syscall_stands(CPUState *cs, const OsiUserRegs *regs)
{
    if (cs->cpu_index < n_stands) {
        stands[cs->cpu_index] = (Stand) { .valid = true, .regs = *regs };
    }
}

/* ---- main thread ---- */

bool gdbx_syscall_regs(const OsiTask *t, OsiUserRegs *regs, CPUState **cs)
{
    CPUState *c;

    CPU_FOREACH(c) {
        const OsiTask *now;

        if (c->cpu_index >= n_stands || !stands[c->cpu_index].valid ||
            gdbx.arch->privilege(c) == 3) {
            continue;
        }
        now = gdbx_current(c, NULL);
        if (now && now->object == t->object) {
            *regs = stands[c->cpu_index].regs;
            if (cs) {
                *cs = c;
            }
            return true;
        }
    }
    return false;
}

const char *gdbx_syscall_write(const OsiTask *t, size_t offset, uint64_t value)
{
    OsiUserRegs regs;
    const char *why;
    CPUState *cs;

    if (!gdbx_syscall_regs(t, &regs, &cs)) {
        return "it is not at the beginning of a system call";
    }
    why = gdbx.arch->write_standing(cs, offset, value);
    if (!why) {
        memcpy((char *)&stands[cs->cpu_index].regs + offset, &value,
               sizeof(value));
    }
    return why;
}

/*
 * It begins behind the call that has made it, which shows as its last one: 0 is
 * the result already. Its maker has -ENOSYS there, then the new one's id.
 */
static bool is_new(const OsiTask *t, const OsiSyscall *sc)
{
    static const char *const makers[] = {
        "clone", "clone3", "fork", "vfork", NULL
    };
    const char *name = osi_call_name(sc->number, sc->compat32);
    OsiUserRegs regs;

    return name && g_strv_contains(makers, name) &&
           osi_saved_user_regs(gdbx_guest(), t, &regs, NULL) && !regs.rax;
}

/* An exec clears the registers that it was made with before it ends. */
static bool args_are_gone(const OsiSyscall *sc)
{
    const char *name = osi_call_name(sc->number, sc->compat32);

    return name && g_str_has_prefix(name, "execve") && !sc->args[0] &&
           !sc->args[1] && !sc->args[2];
}

/* A call that @t was in when somebody began to care. */
static void seed(const OsiTask *t)
{
    GdbxCall call = { .who = { .tgid = t->tgid, .pid = t->pid } };
    OsiPlace place;
    OsiSyscall sc;

    /* One that is on its way in or out still shows its last call. */
    if (osi_saved_user_place(gdbx_guest(), t, 0, &place, NULL) &&
        osi_syscall(gdbx_guest(), t, &sc, NULL) && sc.number >= 0) {
        call.made = (OsiCall) { sc.number, sc.pc, sc.compat32 };
        call.pc = sc.pc - 2;
        memcpy(call.arg, sc.args, sizeof(call.arg));
        call.no_args = args_are_gone(&sc);
        if (!never_ends(&call.made) && !is_new(t, &sc)) {
            remember(t->object, &call);
        }
    }
}

/* Of process @pid; 0: of all. */
static void seed_process(int32_t pid)
{
    size_t n = 0;
    const OsiTask *t = osi_tasks(gdbx_guest(), &n, NULL);

    if (!g_hash_table_add(seeded, GINT_TO_POINTER(pid))) {
        return;
    }
    for (size_t i = 0; t && i < n; i++) {
        OsiUserRegs regs;

        if ((!pid || t[i].tgid == pid) && !t[i].kernel_thread &&
            !gdbx_syscall_regs(&t[i], &regs, NULL)) {
            seed(&t[i]);
        }
    }
}

static void seed_again(void)
{
    for (guint i = 0; i < gdbx.inferiors->len; i++) {
        const GdbxInferior *inf = g_ptr_array_index(gdbx.inferiors, i);

        if (!everybody && !inf->gone) {
            seed_process(inf->pid);
        }
    }
    if (everybody) {
        seed_process(0);
    }
}

static void choose_spaces(void)
{
    g_free(spaces);
    spaces = g_new0(uint64_t, gdbx.inferiors->len + 1);
    n_spaces = 0;
    mask = osi_cr3_mask(gdbx_guest());
    for (guint i = 0; i < gdbx.inferiors->len; i++) {
        const GdbxInferior *inf = g_ptr_array_index(gdbx.inferiors, i);

        if (!inf->gone) {
            spaces[n_spaces++] = inf->root.table & mask;
        }
    }
}

/* A point of one followed process is in its address space. */
static void widen(const GdbxEventPoint *p, void *opaque)
{
    for (unsigned i = 0; p->has_space && i < n_spaces; i++) {
        if (p->mask == mask && p->space == spaces[i]) {
            return;
        }
    }
    everybody = true;
}

static void make_stands(void)
{
    CPUState *cs;

    g_free(stands);
    n_stands = 0;
    CPU_FOREACH(cs) {
        n_stands = MAX(n_stands, cs->cpu_index + 1);
    }
    stands = g_new0(Stand, n_stands);
}

bool gdbx_syscalls_know(void)
{
    return gdbx_syscalls_wanted;
}

/*
 * The machine has become what it was at another time: which calls are under way
 * then is read anew.
 */
static void gone_elsewhere(void)
{
    forget_all();
    g_hash_table_remove_all(seeded);
    for (unsigned i = 0; i < n_stands; i++) {
        stands[i].valid = false;
    }
    if (gdbx_syscalls_wanted) {
        gdbx_guest_stale();
        seed_again();
        gdbx_guest_stale();
    }
}

void gdbx_syscalls_prepare(void)
{
    bool events = gdbx_event_wanted(GDBX_EVENT_SYSCALL);

    user_wanted = gdbx_os_user_wanted();
    events |= user_wanted;
    gdbx_syscalls_wanted = events ||
                           (gdbx_catch_any() && gdbx.inferiors->len);
    make_stands();
    timeline_on_restore(gone_elsewhere);
    everybody = false;
    if (gdbx_syscalls_wanted) {
        choose_spaces();
        gdbx_event_points_each(GDBX_EVENT_SYSCALL, widen, NULL);
        seed_again();
        if (user_wanted) {
            gdbx_event_points_each(GDBX_EVENT_OS, widen, NULL);
        }
    } else {
        forget_all();
        g_hash_table_remove_all(seeded);
    }
}

void gdbx_syscalls_reset(void)
{
    gdbx_catch_reset();
    gdbx_syscalls_wanted = false;
    forget_all();
    g_hash_table_remove_all(seeded);
}
