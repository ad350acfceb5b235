/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watchpoints: what the files watch*.c share, and what others may call.
 *
 * Locking: watches come and go only while all vCPUs are stopped, under the
 * BQL; vCPU threads read them. The intervals and the queue of hits are also
 * looked at by threads that do device I/O: gdbx_watch_lock is for those two.
 */
#ifndef GDBX_WATCH_H
#define GDBX_WATCH_H

#include "qemu/interval-tree.h"
#include "qemu/thread.h"
#include "gdbstub/event.h"
#include "gdbstub/gdbx/gdbx.h"

/*
 * Addresses GDBX_WINDOW_PHYS + x are physical address x: not canonical, so
 * no program and no kernel can mean them (x86-64 has at most 57 bits).
 */
#define GDBX_WINDOW_BITS 52

static inline bool gdbx_in_phys_window(uint64_t addr)
{
    return addr >> GDBX_WINDOW_BITS == GDBX_WINDOW_PHYS >> GDBX_WINDOW_BITS;
}

typedef struct GdbxWatch GdbxWatch;

/* A stretch of a watch in one of the two interval trees. */
typedef struct GdbxWatchPiece {
    IntervalTreeNode node;     /* linear addresses, or RAM addresses */
    GdbxWatch *watch;
    uint64_t offset;           /* of node.start in the watch */
} GdbxWatchPiece;

struct GdbxWatch {
    int64_t pid;               /* owner: followed process or the machine */
    uint64_t addr, len;        /* bytes; addr as gdb says it, window included */
    int type;                  /* 2 write, 3 read, 4 access: as in Z packets */
    unsigned number;           /* of `monitor gdbx watch'; 0: gdb's own */
    bool physical;
    uint64_t space, mask;      /* matches when (loaded & mask) == space */
    bool armed;                /* gdb wants it */
    bool live;                 /* vCPUs heed it: as `armed' at the last resume */
    bool reread;               /* gdb wrote there: its old value is new */
    GdbxWatchPiece *pieces;
    unsigned n_pieces;
    /*
     * Type 2: the value gdb knows, which is that of its last look. @known has a
     * bit for each page; a page that was not there is filled in at its first
     * write, with what was there before.
     */
    uint8_t *shadow;
    unsigned long *known;
    uint64_t hits, skipped;    /* skipped: writes that changed nothing */
};

/* Something was accessed; gdb has not been told. */
typedef struct GdbxWatchHit {
    GdbxWatch *watch;
    CPUState *cs;              /* NULL: a device */
    uint64_t pc;               /* linear, of the instruction */
    uint64_t first, last;      /* offsets in the watch, of what was accessed */
    bool write;
    bool looked_up;            /* the next two are filled in */
    bool owners;               /* the owner's thread did it, or the OS for it */
    GdbxTid tid;
    char who[96];              /* a device's name, or a task's */
} GdbxWatchHit;

extern QemuMutex gdbx_watch_lock;
extern IntervalTreeRoot gdbx_watch_virt, gdbx_watch_phys;

/* --- watch.c --------------------------------------------------------------- */
/* What to insert. @number 0: gdb's. */
typedef struct GdbxWatchSpec {
    int64_t pid;
    uint64_t addr, len;
    int type;
    unsigned number;
} GdbxWatchSpec;

/* NULL with @why (a sentence, g_free() it) when it cannot be had. */
GdbxWatch *gdbx_watch_insert(const GdbxWatchSpec *spec, char **why);
bool gdbx_watch_remove(const GdbxWatchSpec *spec);
/* By the number of `monitor gdbx watch', 0: all of those. False: none is there. */
bool gdbx_watches_delete(unsigned number);
void gdbx_watches_forget(int64_t pid);
void gdbx_watches_reset(void);
void gdbx_watches_respace(const GdbxInferior *inf);
/* gdb has written [addr, addr+len) of @pid, window addresses included. */
void gdbx_watches_written(int64_t pid, uint64_t addr, uint64_t len);
/* Before vCPUs run: makes what gdb inserted what they heed. */
void gdbx_watches_commit(void);
void gdbx_watches_each(void (*fn)(const GdbxWatch *w, void *opaque),
                       void *opaque);

static inline int gdbx_watch_flags(const GdbxWatch *w)
{
    return w->type == 2 ? BP_MEM_WRITE : w->type == 3 ? BP_MEM_READ
                                                      : BP_MEM_ACCESS;
}

/* --- watch-shadow.c -------------------------------------------------------- */
/* Copies bytes of the watched range as its owner sees them; false: not there. */
bool gdbx_watch_read(const GdbxWatch *w, uint64_t offset, void *buf,
                     size_t len, CPUState *cs);
/* Allocates; false with @why when that is too much. */
bool gdbx_shadow_new(GdbxWatch *w, char **why);
void gdbx_shadow_free(GdbxWatch *w);
/* Takes the present value as the one that gdb knows. Machine stopped. */
void gdbx_shadow_refresh(GdbxWatch *w, CPUState *cs);
/*
 * vCPU thread, before a write: does it change nothing? @now: RAM behind
 * watch offset @offset, NULL if there is none; @bytes: what is to be written.
 */
bool gdbx_shadow_same(GdbxWatch *w, uint64_t offset, const uint8_t *bytes,
                      size_t len, const uint8_t *now);
/* As above, when it is not known yet what will be written: keeps the old. */
void gdbx_shadow_keep(GdbxWatch *w, uint64_t offset, size_t len,
                      const uint8_t *now);
/*
 * Offset of the first byte in [first, last] that is not what gdb knows, or -1.
 * What cannot be read is taken as changed. Machine stopped, or an I/O thread
 * for a physical watch.
 */
int64_t gdbx_shadow_changed(const GdbxWatch *w, uint64_t first, uint64_t last,
                            CPUState *cs);

/* --- watch-stop.c ---------------------------------------------------------- */
/* Any thread, with gdbx_watch_lock held. Merges with the like of it. */
void gdbx_watch_push(const GdbxWatchHit *hit);
/*
 * While a replay looks back: @hit (its first one) is made by what is done in front
 * of instruction @icount. Any thread that holds what executes.
 */
void gdbx_back_watch(const GdbxWatchHit *hit, uint64_t icount);  /* time.c */
/* @w (NULL: any) is deleted: a journey under way does not tell of it. */
void gdbx_back_forget_watch(const GdbxWatch *w);                 /* time.c */
void gdbx_watch_hits_drop(const GdbxWatch *w);     /* NULL: all */
/* Is there anything that gdb has not been told? */
bool gdbx_watch_pending(void);
/* Tells one hit that may be told now; false when there is none. */
bool gdbx_watch_report(void);

/* --- watch-dma.c ----------------------------------------------------------- */
/* Between these, writes to RAM are gdb's own. BQL. */
void gdbx_watch_own_write(bool begin);

#endif
