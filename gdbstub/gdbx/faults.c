/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See include/gdbstub/fault.h. The last exception of each thread is kept by its
 * task; when the kernel forces a signal on a thread, that is what it is for,
 * if it fits the signal. What is not known any more (the table is of a fixed
 * size) is told by the signal itself.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/lockable.h"
#include "hw/core/cpu.h"
#include "gdbstub/fault.h"
#include "gdbstub/os-events.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/signals.h"

/* Threads that handle an exception at one time, most of them for a moment. */
#define SLOTS 1024

const GdbxEventField gdbx_exception_fields[] = {
    [GDBX_EXC_VECTOR] = { "vector", true },
    [GDBX_EXC_ERROR] = { "error" },
    [GDBX_EXC_ADDRESS] = { "address" },
    [GDBX_EXC_CPL] = { "cpl", true },
    [GDBX_EXC_KIND] = { "kind", true },
    [GDBX_EXC_NEXT] = { "next" },
    [GDBX_EXC_SOFT] = { "soft", true },
    [GDBX_EXC_SIGNAL] = { "signal", true },
    [GDBX_EXC_CODE] = { "code", true },
    [GDBX_EXC_THREAD] = { "thread", true },
    { NULL }
};

bool gdbx_faults_wanted;

typedef struct Fault {
    uint64_t object;        /* the task; 0: free */
    GdbxEvent ev;
} Fault;

static QemuMutex lock;
static Fault *faults;       /* by object */
static unsigned askers;
static uint64_t place;      /* where CPUs stop; atomic; 0: none has */
static GdbxOsSubscription *subscription;

static Fault *slot(uint64_t object)
{
    return &faults[(object * 0x9e3779b97f4a7c15ull) >> 54 & (SLOTS - 1)];
}

void gdbx_fault_note(CPUState *cs, const GdbxEvent *ev)
{
    uint64_t object;

    if (gdbx_current_object(cs, &object)) {
        QEMU_LOCK_GUARD(&lock);
        slot(object)->object = object;
        slot(object)->ev = *ev;
    }
}

/* Signals and codes of Linux: include/uapi/asm-generic/siginfo.h. */
enum {
    S_ILL = 4, S_TRAP = 5, S_BUS = 7, S_FPE = 8, S_SEGV = 11, CODE_KERNEL = 128
};

/*
 * The exceptions of x86 that a signal may come of (arch/x86/kernel/traps.c,
 * arch/x86/mm/fault.c), likeliest first; the order of vectors is Intel's.
 */
static const struct {
    uint8_t signal, vector;
    bool kernel;            /* with si_code SI_KERNEL */
} causes[] = {
    { S_SEGV, 14, false }, { S_SEGV, 13, true }, { S_SEGV, 4, true },
    { S_SEGV, 5, false }, { S_SEGV, 5, true }, { S_SEGV, 10, true },
    { S_SEGV, 9, true }, { S_SEGV, 21, false }, { S_SEGV, 20, true },
    { S_BUS, 14, false }, { S_BUS, 17, false }, { S_BUS, 11, true },
    { S_BUS, 12, true }, { S_BUS, 18, false },
    { S_FPE, 0, false }, { S_FPE, 16, false }, { S_FPE, 19, false },
    { S_FPE, 9, true },
    { S_ILL, 6, false },
    { S_TRAP, 3, true }, { S_TRAP, 3, false }, { S_TRAP, 1, false },
};

/* The vector that @os is of if it can be @vector; with -1 the likeliest, or -1. */
static int cause(const OsiEvent *os, int vector)
{
    for (size_t i = 0; i < ARRAY_SIZE(causes); i++) {
        if (causes[i].signal == os->signal &&
            causes[i].kernel == (os->code == CODE_KERNEL) &&
            (vector < 0 || causes[i].vector == vector)) {
            return causes[i].vector;
        }
    }
    return -1;
}

static void put(GdbxEvent *ev, int field, uint64_t value)
{
    ev->field[field] = value;
    ev->known |= 1u << field;
}

/* Of a page fault the address is told twice: it must be the same. */
static bool is_of(const Fault *f, const OsiEvent *os)
{
    int vector = f->ev.field[GDBX_EXC_VECTOR];

    return f->object == os->object && cause(os, vector) == vector &&
           (!(f->ev.known >> GDBX_EXC_ADDRESS & 1) ||
            f->ev.field[GDBX_EXC_ADDRESS] == os->address);
}

static void find(const OsiEvent *os, GdbxEvent *ev)
{
    Fault *f = slot(os->object);

    QEMU_LOCK_GUARD(&lock);
    if (is_of(f, os)) {
        *ev = f->ev;
        f->object = 0;
    } else if (cause(os, -1) >= 0) {
        put(ev, GDBX_EXC_VECTOR, cause(os, -1));
    }
}

static void at_signal(void *opaque, CPUState *cs, const OsiEvent *os)
{
    GdbxEvent ev = { .pc = gdbx.arch->pc(cs) };

    find(os, &ev);
    ev.kind = GDBX_EVENT_EXCEPTION;
    ev.behind = true;
    ev.ra = gdbx_os_event_ra();
    ev.text[0] = 0;
    /* Its fault may not have been seen, by one who looks back from here. */
    ev.id = (uint64_t)os->signal << 40 | (uint64_t)os->pid << 4;
    put(&ev, GDBX_EXC_CPL, 3);
    put(&ev, GDBX_EXC_ADDRESS, os->address);
    put(&ev, GDBX_EXC_SIGNAL, os->signal);
    put(&ev, GDBX_EXC_CODE, (uint64_t)(int64_t)os->code);
    put(&ev, GDBX_EXC_THREAD, os->pid);
    if (gdbx_event(cs, &ev)) {
        qatomic_set(&place, gdbx.arch->pc(cs));
        gdbx_stop_here(cs);
    }
}

bool gdbx_fault_here(CPUState *cs)
{
    return place && gdbx.arch->pc(cs) == place;
}

void gdbx_faults_want(unsigned who, bool wanted)
{
    unsigned before = askers;

    askers = wanted ? askers | who : askers & ~who;
    qatomic_set(&gdbx_faults_wanted, askers != 0);
    if (askers && !before) {
        if (!faults) {
            qemu_mutex_init(&lock);
            faults = g_new0(Fault, SLOTS);
        }
        subscription = gdbx_os_subscribe(1u << OSI_EVENT_SIGNAL, at_signal,
                                         NULL);
    } else if (!askers && before) {
        gdbx_os_unsubscribe(g_steal_pointer(&subscription));
        memset(faults, 0, SLOTS * sizeof(*faults));
    }
}

char *gdbx_faults_why(void)
{
    OsiError err = { 0 };
    OsiEvents *e = osi_events_new(gdbx_guest(), 1u << OSI_EVENT_SIGNAL, &err);
    bool no = !e || osi_event_why(e, OSI_EVENT_SIGNAL, &err);

    osi_events_free(e);
    return no ? g_strdup_printf("the place where this guest's kernel decides to "
                                "signal is not known: %s", err.message) : NULL;
}
