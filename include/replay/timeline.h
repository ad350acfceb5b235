/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in the guest's time the machine is. The first slice of the time room:
 * it tells; going somewhere else comes with checkpoints.
 */
#ifndef REPLAY_TIMELINE_H
#define REPLAY_TIMELINE_H

typedef enum TimelineMode {
    TIMELINE_LIVE,      /* instructions are not counted */
    TIMELINE_COUNTED,   /* -icount: counted, not recorded */
    TIMELINE_RECORD,    /* rr=record */
    TIMELINE_REPLAY,    /* rr=replay */
} TimelineMode;

/* A position; what is not known is 0. */
typedef struct TimelineMark {
    TimelineMode mode;
    uint64_t icount;        /* instructions executed since the machine began */
    const char *file;       /* the recording, owned by QEMU; NULL: none */
} TimelineMark;

/* Main thread, guest stopped (exact) or running (as of some moment). */
TimelineMark timeline_now(void);

/*
 * Instructions executed, as @cs sees it in the midst of running: for its own
 * thread, where timeline_now() may not be asked. @left: instructions of the
 * block of translated code that are counted already, but have not been
 * executed. 0 where they are not counted.
 */
uint64_t timeline_icount_at(CPUState *cs, unsigned left);

/* "replay" etc.; a constant. */
const char *timeline_mode_name(TimelineMode mode);

#endif
