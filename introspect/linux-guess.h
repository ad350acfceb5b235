/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of Linux's structures from what the data looks like, where
 * nothing describes it (no BTF): private to linux-guess*.c.
 *
 * Each member is found by a property that only it has over all processes, and
 * is refused when no place or no single place has it. It needs a system that
 * has booted: init, kthreadd and some processes. Nothing is found by distance
 * from another member alone; where a distance narrows the search, the values
 * there still have to prove it.
 *
 *   linux-guess.c         init_task, the list of processes, samples, the whole
 *   linux-guess-task.c    ids, parents, mm, flags, times
 *   linux-guess-thread.c  stack, state, switch frame, threads, exit state
 *   linux-guess-mm.c      page tables, auxiliary vector, arguments, mappings
 *   linux-guess-vma.c     members of mappings, the executable
 *   linux-guess-path.c    files, dentries, mounts, inodes
 *   linux-guess-fs.c      root and working directory
 */
#ifndef INTROSPECT_LINUX_GUESS_H
#define INTROSPECT_LINUX_GUESS_H

#include "linux.h"

/* A sample is this much of memory around a task's list node, bytes. */
#define GUESS_BEFORE    8192
#define GUESS_AFTER     12288
#define GUESS_WINDOW    (GUESS_BEFORE + GUESS_AFTER)
#define GUESS_SAMPLES   192
#define GUESS_LEADERS   65536       /* nodes of the list that are kept */

/* Fewer user processes prove nothing. */
#define GUESS_USERS_MIN 1

typedef struct GuessSample {
    uint64_t node;              /* of its list node */
    uint8_t *bytes;             /* GUESS_WINDOW; unmapped pages are zeros */
    bool kthread, user;         /* kthreadd and its children; with an mm */
    bool unsure;                /* a child of kthreadd that has an mm */
} GuessSample;

/*
 * Until the start of a task is known, offsets are relative to its list node;
 * "rel" in names says so. init_task is sample 0, pid 1 and 2 are 1 and 2.
 */
typedef struct Guess {
    Linux *lx;
    unsigned word;
    uint64_t comm_at;           /* address of init_task's comm */
    int comm;                   /* rel */
    uint64_t init_node;
    GArray *nodes;              /* uint64_t, init_task's first */
    GuessSample *sample;
    size_t n;
    int pid, tgid, parent;      /* rel */
    int tasks;                  /* offset of the node in the structure */
    GHashTable *starts;         /* addresses of leaders */
    GArray *mms;                /* uint64_t, one for each user sample */
} Guess;

/* Word and 32 bits at @rel of sample @i. @rel must be inside the window. */
static inline uint64_t guess_word(const Guess *g, size_t i, int rel)
{
    return osi_le(g->sample[i].bytes + GUESS_BEFORE + rel, g->word);
}

static inline uint32_t guess_u32(const Guess *g, size_t i, int rel)
{
    return osi_le32(g->sample[i].bytes + GUESS_BEFORE + rel);
}

/* Address of the task of sample @i. */
static inline uint64_t guess_start(const Guess *g, size_t i)
{
    return g->sample[i].node - g->tasks;
}

/* Field at @rel, @size bytes. Needs g->tasks. */
static inline OsiField guess_field(const Guess *g, int rel, uint32_t size)
{
    return (OsiField) { .offset = rel + g->tasks, .size = size };
}

/* Limits of what is looked at for a member of the task, rel. */
static inline int guess_lo(const Guess *g)
{
    return g->tasks ? -g->tasks : -GUESS_BEFORE;
}

/* A command name as the kernel keeps them: 16 bytes, NUL-terminated. */
bool guess_is_comm(const uint8_t comm[16]);

/* linux-guess-task.c: fill the fields named, in this order. */
bool guess_ids(Guess *g, OsiError *err);        /* pid, tgid */
bool guess_family(Guess *g, OsiError *err);     /* real_parent, group_leader */
bool guess_mm(Guess *g, OsiError *err);         /* mm, pgd */
bool guess_flags(Guess *g, OsiError *err);      /* flags */
void guess_times(Guess *g);                     /* start_time, if it shows */

/* linux-guess-thread.c */
bool guess_stack(Guess *g, OsiError *err);      /* stack, state */
bool guess_switch(Guess *g, OsiError *err);     /* thread_sp */
bool guess_threads(Guess *g, OsiError *err);    /* thread_node, signal */
void guess_exit(Guess *g);                      /* exit_state, exit_code */
void guess_bases(Guess *g);                     /* fsbase, gsbase */
void guess_on_cpu(Guess *g);

/* linux-guess-mm.c */
bool guess_pgd(Guess *g, OsiError *err);
bool guess_auxv(Guess *g, OsiError *err);       /* saved_auxv, args */
void guess_vmas(Guess *g);                      /* mm_mmap or mm_root */

#endif
