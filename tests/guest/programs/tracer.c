/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * `tracer PROGRAM ARGUMENT': at SIGUSR1 runs it, with all that it makes, under
 * ptrace and keeps a list of its system calls: what begins, what comes back.
 * Then calls done().
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include "ready.h"

#define MANY 400000
#define MAX_TIDS 4096

/* As <linux/ptrace.h> has it, which cannot be had with <sys/ptrace.h>. */
#define GET_SYSCALL_INFO 0x420e

typedef struct Info {
    uint8_t op, pad[3];
    uint32_t arch;
    uint64_t pc, sp;
    union {
        struct {
            uint64_t nr, args[6];
        } entry;
        struct {
            int64_t rval;
            uint8_t is_error;
        } exit;
    };
} Info;

typedef struct Call {
    int32_t tid, entry;
    uint64_t number;            /* of the entry */
    uint64_t value[6];          /* arguments, or the result */
} Call;

Call calls[MANY];
volatile unsigned long n_calls;

static struct {
    pid_t tid;
    uint64_t number;
} known[MAX_TIDS];
static unsigned n_known;

__attribute__((noinline)) void done(void)
{
    __asm__ volatile ("nop");
}

/* 0: it is new. */
static unsigned find(pid_t tid)
{
    for (unsigned i = n_known; i-- > 0; ) {
        if (known[i].tid == tid) {
            return i + 1;
        }
    }
    return 0;
}

static unsigned add(pid_t tid)
{
    known[n_known % MAX_TIDS].tid = tid;
    if (n_known < MAX_TIDS) {
        n_known++;
    }
    return n_known;
}

static void forget(pid_t tid)
{
    unsigned i = find(tid);

    if (i) {
        known[i - 1] = known[--n_known];
    }
}

static void note(pid_t tid)
{
    unsigned who = find(tid);
    Call *c = &calls[n_calls];
    Info info;

    if (!who || n_calls >= MANY ||
        ptrace(GET_SYSCALL_INFO, tid, (void *)sizeof(info), &info) <= 0) {
        return;
    }
    c->tid = tid;
    if (info.op == 1) {
        c->entry = 1;
        c->number = known[who - 1].number = info.entry.nr;
        for (int i = 0; i < 6; i++) {
            c->value[i] = info.entry.args[i];
        }
    } else if (info.op == 2) {
        c->number = known[who - 1].number;
        c->value[0] = info.exit.rval;
    } else {
        return;
    }
    n_calls++;
}

/* The signal to hand on. */
static int look(pid_t tid, int status)
{
    int sig = WSTOPSIG(status);
    siginfo_t si;

    if (sig == (SIGTRAP | 0x80)) {
        note(tid);
        return 0;
    }
    if (status >> 16) {
        return 0;                       /* an event: clone, exec */
    }
    if (!find(tid)) {
        add(tid);
        return sig == SIGSTOP ? 0 : sig;
    }
    /* Stopped as a group by a signal that was handed on. */
    if (ptrace(PTRACE_GETSIGINFO, tid, 0, &si) < 0 && errno == EINVAL) {
        return 0;
    }
    return sig;
}

static void trace(char **args)
{
    pid_t child = fork(), tid;
    int status;

    if (!child) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGSTOP);
        execv(args[0], args);
        _exit(1);
    }
    waitpid(child, &status, 0);
    add(child);
    ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD |
           PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
           PTRACE_O_TRACEEXEC);
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    while ((tid = waitpid(-1, &status, __WALL)) > 0) {
        if (!WIFSTOPPED(status)) {
            forget(tid);
            continue;
        }
        ptrace(PTRACE_SYSCALL, tid, 0, (long)look(tid, status));
    }
}

int main(int argc, char **argv)
{
    sigset_t go;
    int sig;

    if (argc < 2) {
        return 1;
    }
    sigemptyset(&go);
    sigaddset(&go, SIGUSR1);
    sigprocmask(SIG_BLOCK, &go, NULL);
    ready("tracer pid=%d", getpid());
    sigwait(&go, &sig);
    sigprocmask(SIG_UNBLOCK, &go, NULL);
    trace(argv + 1);
    done();
    return 0;
}
