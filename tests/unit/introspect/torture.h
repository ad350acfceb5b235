/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Torture: a guest in memory is damaged at random, asked everything, and put
 * right again. What the damage may not do: crash (the sanitizers watch), read
 * without end (reads are counted, question by question), take host memory
 * without end, give an error that says nothing, or leave a trace behind: once
 * it is put right the guest answers as before.
 *
 * Damage falls where it matters: all reads of guest memory by the undamaged
 * guest's questions are written down first, and only what was read is
 * changed: objects, stacks, user memory and page tables alike. So one engine
 * serves forged guests and saved real ones.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <glib.h>
#include "introspect/event.h"
#include "introspect/inode.h"
#include "introspect/process.h"
#include "introspect/symbol.h"
#include "introspect/thread.h"

/* What is asked, for the count of reads. */
typedef enum Question {
    Q_DETECT, Q_CURRENT, Q_RECIPE, Q_TASKS, Q_FEATURES, Q_CR3_MASK, Q_SYMBOL,
    Q_SYMBOL_IN, Q_MODULES, Q_SECTIONS, Q_MODULE_SYMBOLS, Q_EVENTS, Q_EVENT_AT,
    Q_REGS, Q_FPU, Q_KERNEL_REGS, Q_KERNEL_STACK, Q_SYSCALL, Q_EXE, Q_ARGS,
    Q_AUXV, Q_VMAS, Q_LIBRARIES, Q_FILES, Q_CWD, Q_ROOT, Q_FILE_SIZE,
    Q_FILE_READ, Q_PROCESS_READ, Q_CREDS, Q_NAMESPACES, Q_CGROUP,
    Q_LOOKUP, Q_INODE_READ, Q_INODE_LINK, Q_NUMBERS, Q_EXTENTS, Q_USAGE,
    Q_COUNT
} Question;

typedef struct TortureCount {
    uint64_t asked, failed;
    uint64_t clean, damaged;    /* most reads of one question */
    uint64_t seed;              /* image that @damaged was counted on */
} TortureCount;

typedef struct Range {
    uint64_t pa;
    uint32_t len;               /* bytes */
} Range;

typedef struct Torture {
    uint8_t *ram;               /* physical 0..size, as the caller gave it */
    uint64_t size;
    OsiCpu *cpus;               /* as given, for each image a copy is asked */
    size_t n_cpus;
    OsiGuest *g;
    OsiMemory mem;              /* what @g reads by */
    GRand *rand;
    uint64_t seed;              /* of the image now */

    GArray *ranges;             /* Range: what the clean guest's answers read */
    GHashTable *known;          /* of these */
    bool recording;

    GArray *undo;               /* pages as they were */
    uint64_t hole[4];           /* pages that cannot be read, 0 none */
    unsigned n_holes;

    uint64_t reads;             /* of the question being asked */
    uint64_t resume;            /* to see that the kernel is still there */
    bool damaged;
    Question asking;
    GString *answers;           /* of the undamaged guest, a line each */
    TortureCount count[Q_COUNT];
    uint64_t images, errors;
} Torture;

/* @ram is changed in place, and put right; @cpus is copied. */
void torture_init(Torture *t, uint8_t *ram, uint64_t size, const OsiCpu *cpus,
                  size_t n_cpus, uint64_t seed);
void torture_deinit(Torture *t);

/* Forget what was detected: the next question finds the kernel anew. */
void torture_fresh(Torture *t);

/* Write down what is read from now on; forget what was. */
void torture_record(Torture *t, bool on);

/* What was read so far is to be spared. */
void torture_spare(Torture *t);

/* Damage some of what was read; put it right again. */
void torture_damage(Torture *t);
void torture_mend(Torture *t);

/*
 * torture-ask.c: all public questions: those about the guest, and those about
 * a task. @task may be of an earlier stop.
 */
void torture_ask_guest(Torture *t);
void torture_ask_task(Torture *t, const OsiTask *task);

/*
 * The machine stops. True when the kernel had to be found anew, which lasts
 * longer than this stop: what damage did to that is no trace.
 */
bool torture_stop(Torture *t);

/* Stop anew, ask about the guest and about all of up to @max tasks. */
void torture_ask_all(Torture *t, size_t max);

/*
 * First line in which the answers since torture_forget_answers() differ from
 * @then, which was taken from t->answers; NULL: they are equal. g_free() it.
 */
char *torture_differs(const Torture *t, const char *then);
void torture_forget_answers(Torture *t);

/* What was asked, and the reads of each question, as text lines. */
void torture_report(const Torture *t, void (*say)(const char *line));

/* Host memory in use, bytes at its peak. */
uint64_t torture_peak(void);

#endif
