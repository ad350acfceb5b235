/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the guest OS does while it runs, without polling: where in its code an
 * event passes, and what the registers mean there. The emulator puts a check
 * at each site and asks osi_event_at() in the vCPU thread; nobody who asks
 * means nothing in the guest is instrumented.
 */
#ifndef INTROSPECT_EVENT_H
#define INTROSPECT_EVENT_H

#include "introspect/task.h"

typedef enum OsiEventKind {
    OSI_EVENT_SWITCH,       /* a CPU goes from one task to another */
    OSI_EVENT_EXEC,         /* a process has a new program, not begun yet */
    OSI_EVENT_FORK,         /* a new task is about to run for the first time */
    OSI_EVENT_EXIT,         /* a task exits; its memory may still be there */
    OSI_EVENT_MODULE_LOAD,  /* a module is linked, its init not called yet */
    OSI_EVENT_MODULE_UNLOAD,/* a module's memory is about to be freed */
    OSI_EVENT_SIGNAL,       /* a task is going to get a signal for what it has
                               done itself: a fault that is not resolved */
    OSI_EVENT_PRINTK,       /* a line, or a part of one, goes into the log */
    OSI_EVENT_KINDS
} OsiEventKind;

/* Longest of: comm, name of a module. */
#define OSI_EVENT_NAME 64
/* Of a line of the log: 1,024 characters, and room for some that are \x00. */
#define OSI_EVENT_LINE 1200

typedef struct OsiEvent {
    OsiEventKind kind;
    uint64_t object;        /* the task (SWITCH: that is left), or module */
    int32_t tgid, pid;      /* of the task; 0 idle or unknown */
    char name[OSI_EVENT_NAME];  /* its comm, or the module's name */
    uint64_t to;            /* SWITCH: the task that comes; FORK: who forks */
    int32_t to_tgid, to_pid;
    char to_name[OSI_COMM_LEN + 1];
    bool shares;            /* FORK: a process in its parent's memory (vfork) */
    int32_t code;           /* EXIT: as wait(2) would give it; SIGNAL: si_code */
    int32_t signal;         /* SIGNAL: si_signo */
    bool last;              /* EXIT: no thread of the process is left */
    uint64_t address;       /* EXEC: entry point; MODULE_*: base; SIGNAL:
                               si_addr; 0 unknown */
    uint64_t seq;           /* PRINTK: which line, counted from boot */
    uint8_t level, facility;/* PRINTK: as syslog(3) has them */
    bool whole;             /* PRINTK: nothing will be added to the line */
    char line[OSI_EVENT_LINE];  /* PRINTK: so far; as /dev/kmsg writes it; a
                               longer one is cut */
} OsiEvent;

/* Where an event is seen. */
typedef struct OsiEventSite {
    OsiEventKind kind;
    uint64_t address;       /* of an instruction, in every address space */
    char name[64];          /* evidence: "wake_up_new_task" */
} OsiEventSite;

typedef struct OsiEvents OsiEvents;

/*
 * Sites for the @kinds (bits 1 << OsiEventKind), and how to read what passes
 * there. Immutable: any number of vCPU threads may use it at once. Kinds that
 * cannot be seen in this guest have no site; osi_event_why() says why. NULL
 * when there is no OS. osi_events_free() it; good until the guest's kernel is
 * another.
 */
OsiEvents *osi_events_new(OsiGuest *g, unsigned kinds, OsiError *err);
void osi_events_free(OsiEvents *e);
const OsiEventSite *osi_events_sites(const OsiEvents *e, size_t *n);
bool osi_event_why(const OsiEvents *e, OsiEventKind kind, OsiError *err);

/*
 * @cpu is in front of the instruction at site @site. @mem: a reader that may
 * be used in that thread. False: what is there is no such event.
 */
bool osi_event_at(const OsiEvents *e, const OsiEventSite *site,
                  const OsiMemory *mem, const OsiCpu *cpu, OsiEvent *ev,
                  OsiError *err);

const char *osi_event_name(OsiEventKind kind);  /* "switch", "exec"... */

#endif
