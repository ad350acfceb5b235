/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest does that one may stop at besides executing an address: a system
 * call, an exception, an access to a device, an instruction of some kind. Each
 * *kind* of event is a type. The room that sees it (target/, hw/, or the stub
 * itself for what the guest OS does) fills a GdbxEventType and announces what
 * passes; gdbstub/gdbx/event*.c has the points: whose, how many, the condition,
 * what is done.
 *
 * A kind costs nothing while nobody has a point of it: gdbx_event_wanted() is
 * one load and a branch, and what must be translated differently is told by
 * @changed.
 */
#ifndef GDBSTUB_EVENT_H
#define GDBSTUB_EVENT_H

#include "qemu/atomic.h"
#include "hw/core/cpu.h"

typedef enum GdbxEventKind {
    GDBX_EVENT_SYSCALL,     /* a system call begins, or has ended */
    GDBX_EVENT_EXCEPTION,   /* fault, trap, abort, `int n`: in front of its handler */
    GDBX_EVENT_INTERRUPT,   /* external interrupt, NMI, SMI: the same */
    GDBX_EVENT_IO,          /* a port was read or written */
    GDBX_EVENT_MMIO,        /* so was a device's memory */
    GDBX_EVENT_PCI,         /* so was a register of PCI configuration space */
    GDBX_EVENT_MSR,         /* so is going to be a model-specific register */
    GDBX_EVENT_REGISTER,    /* an instruction is going to read or write one */
    GDBX_EVENT_INSN,        /* an instruction of some kind is going to execute */
    GDBX_EVENT_OS,          /* what the guest OS does (os-events.h) */
    GDBX_EVENT_KINDS
} GdbxEventKind;

/* One of the values that come with an event; name: as conditions have it. */
typedef struct GdbxEventField {
    const char *name;       /* "vector"; in conditions `$_vector` */
    bool decimal;           /* shown so; else as hex */
} GdbxEventField;

#define GDBX_EVENT_FIELDS 12
#define GDBX_EVENT_TEXT 160

/* One event. On the stack of the vCPU thread in which it happens. */
typedef struct GdbxEvent {
    GdbxEventKind kind;
    uint64_t pc;            /* linear address of the instruction */
    uintptr_t ra;           /* host return address into translated code, or 0 */
    uint32_t known;         /* bit n: field n has a value */
    uint64_t field[GDBX_EVENT_FIELDS];      /* in the order of the type's */
    /*
     * What a person wants to read of it, in one line: "#PF error 0x6 at 0x10".
     * Empty: made by the type's @text when it is needed.
     */
    char text[GDBX_EVENT_TEXT];
    bool behind;            /* its instruction has been (or will be) executed */
    /* What tells it from others at its instant; 0: its fields and its @pc. */
    uint64_t id;
    bool stops_behind;      /* the machine stops behind that of @ra, not at it */
} GdbxEvent;

/* How gdb is told of a stop at a point. */
typedef enum GdbxEventReply {
    GDBX_REPLY_TRAP,        /* a line on the console, and a plain trap */
    GDBX_REPLY_WATCH,       /* a watchpoint on a magic window (below) */
    GDBX_REPLY_OWN,         /* the type's @reply */
} GdbxEventReply;

/*
 * Addresses that no guest has (not canonical) and at which the values of a kind
 * can be watched with gdb's own rwatch and awatch.
 */
typedef struct GdbxWindow {
    uint64_t base, size;
    const char *name;       /* "$io" */
    /*
     * @access: BP_MEM_READ, BP_MEM_WRITE or both, as gdb asks. Returns a filter
     * for that part of the window, or NULL with *@why set (g_free).
     */
    void *(*filter)(uint64_t offset, uint64_t len, int access, char **why);
    /* The last value that passed there; no effect. Main thread, stopped. */
    void (*read)(uint64_t offset, uint8_t *buf, size_t len);
    /* Is there anything? NULL: everywhere. Main thread. */
    bool (*is_there)(uint64_t offset);
} GdbxWindow;

typedef struct GdbxEventType GdbxEventType;

/* A point of a kind. What is const is set at birth. */
typedef struct GdbxEventPoint {
    const GdbxEventType *type;
    void *filter;           /* the type's; g_free() by its @release */
    int64_t pid;            /* whose: a guest process, or 0: anybody */
    int64_t tid;            /* a thread of the guest, or 0: any */
    bool has_space;         /* only with these page tables loaded */
    uint64_t space, mask;
    int cpl;                /* only at this privilege level; -1: any */
} GdbxEventPoint;

struct GdbxEventType {
    GdbxEventKind kind;
    const char *name;       /* of `monitor gdbx break NAME` */
    const char *params;     /* of its filter, as a usage line has them */
    const char *doc;        /* one line */
    const char *more;       /* for `gdbx help NAME`, or NULL; ends in \n */
    const GdbxEventField *fields;   /* ends with a NULL name */
    /*
     * Takes its words off *@args (gdbx_next_word()), up to the first that is not
     * its own ("if", "process"...). Returns a filter, or NULL with *@why set
     * (g_free). Main thread.
     */
    void *(*parse)(const char **args, char **why);
    void (*release)(void *filter);              /* NULL: g_free() */
    /* Does @filter mean @ev? vCPU thread; quick. */
    bool (*match)(const void *filter, const GdbxEvent *ev);
    /* Appends the filter as parse() would take it. */
    void (*describe)(const void *filter, GString *out);
    /* Fills @ev->text. vCPU thread; only when somebody reads it. */
    void (*text)(CPUState *cs, GdbxEvent *ev);
    /* More pairs for the stop reply ("syscall_entry:1;"); may be NULL. */
    void (*reply)(const GdbxEvent *ev, GString *more);
    /*
     * The points of this kind are others than before (gdbx_event_points_each()).
     * Main thread, no vCPU runs. NULL: nothing has to be done.
     */
    void (*changed)(void);
    const GdbxWindow *window;                   /* or NULL */
    /*
     * Dear for everybody while it is not known by which page tables a point's
     * process is to be told: they are found out for those that gdb does not
     * follow, too.
     */
    bool by_space;
};

/* @type must live for ever. From an initfn of the room (type_init() or so). */
void gdbx_register_event(const GdbxEventType *type);

/* Bit per kind: are there points of it? Any thread. */
extern uint32_t gdbx_events;

static inline bool gdbx_event_wanted(GdbxEventKind kind)
{
    return unlikely(qatomic_read(&gdbx_events) & (1u << kind));
}

/*
 * @ev happens on @cs, in its thread: logs, counts, and decides. State but for
 * what @ev->ra restores must be synchronised. Returns true when the machine
 * shall stop for it; this is noted with @cs then, and the caller makes the vCPU
 * stop in one of the two ways below, at once. An event that was told already
 * because its instruction begins anew behind the stop is not told again.
 */
bool gdbx_event(CPUState *cs, GdbxEvent *ev);

/*
 * In front of the instruction, whose effects so far are none: it will be
 * executed anew. Does not return. @ra: as in GdbxEvent.
 */
G_NORETURN void gdbx_event_stop_front(CPUState *cs, uintptr_t ra);

/*
 * Behind the instruction: its effects are there and must not be made twice. The
 * caller takes care that the block of translated code ends with the instruction.
 * Returns; the vCPU leaves its loop before the next instruction.
 */
void gdbx_event_stop_behind(CPUState *cs);

/*
 * For those who are called by the instruction that is the event (event-place.c);
 * vCPU thread of @cs, @ra as in GdbxEvent. None has an effect on the guest.
 */

/* Linear address of it. */
uint64_t gdbx_event_pc(CPUState *cs, uintptr_t ra);

/*
 * Is the one at @pc a repeated string instruction? Then *@left: how often it is
 * still to be done, the time in progress included.
 */
bool gdbx_event_repeats(CPUState *cs, uint64_t pc, uint64_t *left);

/* Does it go round within its block of translated code? */
bool gdbx_event_loops(CPUState *cs, uintptr_t ra);

/*
 * Nothing has been done yet: it is begun anew in a block of its own, in which a
 * string instruction is done once. Comes by again, then without going round.
 */
G_NORETURN void gdbx_event_alone(CPUState *cs, uintptr_t ra);

void gdbx_event_points_each(GdbxEventKind kind,
                            void (*fn)(const GdbxEventPoint *p, void *opaque),
                            void *opaque);

/* Where the windows are; a byte, word... each as the unit of its kind says. */
#define GDBX_WINDOW_IO   0x0100000000000000ull  /* + port */
#define GDBX_WINDOW_EXC  0x0200000000000000ull  /* + 8 * vector: exceptions */
#define GDBX_WINDOW_PHYS 0x0300000000000000ull  /* + physical address */
#define GDBX_WINDOW_IRQ  0x0400000000000000ull  /* + 8 * vector: external ones */
#define GDBX_WINDOW_MSR  0x0500000000000000ull  /* + 8 * number */

#endif
