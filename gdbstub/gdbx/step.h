/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step of a followed process's thread: step.c decides, in the main thread,
 * step-watch.c looks for the thread while the guest runs.
 */
#ifndef GDBX_STEP_H
#define GDBX_STEP_H

#include "exec/translation-block.h"
#include "hw/core/cpu.h"
#include "introspect/task.h"
#include "gdbstub/gdbx/rsp.h"

struct GdbxInferior;

/*
 * Set in CPUState.tcg_cflags of all vCPUs while a thread is looked for: blocks
 * of translated code with this bit are others than those without, so nothing
 * has to be thrown away when a step begins or ends. One that QEMU does not use
 * (include/exec/translation-block.h).
 */
#define GDBX_CF_STEP 0x00800000
QEMU_BUILD_BUG_ON(GDBX_CF_STEP &
                  (CF_CLUSTER_MASK | CF_BP_PAGE | (CF_BP_PAGE - 1)));

/*
 * What the check in front of each user instruction compares: nothing more is
 * done for code in [start, start + length) or of another address space. Written
 * with the vCPUs stopped.
 */
typedef struct GdbxStepWatch {
    uint64_t start, length;     /* linear addresses, bytes */
    uint64_t space, mask;       /* as in GdbxPoint */
} GdbxStepWatch;

extern GdbxStepWatch gdbx_step_watch;

/*
 * From the next start on the thread @task is stopped at its first user
 * instruction outside of [start, end), signal handlers not counted. Main
 * thread, vCPUs stopped.
 */
void gdbx_step_look_for(const struct GdbxInferior *inf, const OsiTask *task,
                        uint64_t start, uint64_t end);
/*
 * The same thread for gdbx_step_is_thread(), without looking for it.
 */
void gdbx_step_know(const OsiTask *task);
/* No more. vCPUs paused. Harmless when nothing is looked for. */
void gdbx_step_look_no_more(void);

/* The handlers that the last step went into are over. */
void gdbx_step_forget_handlers(void);
/* Does @cs run the thread of gdbx_run? vCPU thread. False: perhaps not. */
bool gdbx_step_is_thread(CPUState *cs);

/*
 * step-owed.c: what a resume steps, which may be what an earlier one asked for.
 * @step: what it says itself, or NULL; @others: it resumes more than that. Valid
 * until the next call.
 */
const GdbxAction *gdbx_step_asked(const GdbxAction *step, bool others,
                                  const GArray *actions);
/* That resume is answered with what gdb goes on from by itself. */
void gdbx_step_owe(void);
/* gdb's user gets a prompt. */
void gdbx_step_owe_nothing(void);

/* step-exit.c: the thread may exit; see gdbx_run.exited. */
void gdbx_step_expect_exit(void);
void gdbx_step_exit_forget(void);

#endif
