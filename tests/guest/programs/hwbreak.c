/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program under a debugger in the guest: the parent has set a hardware
 * breakpoint (DR0) on spot() in its child and lets it go on from each hit.
 * "counter" is the parent's: hits so far.
 */
#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ready.h"

volatile unsigned long counter;
static volatile unsigned long turns;

__attribute__((noinline)) void spot(void)
{
    turns++;
}

static int child(void)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
    for (;;) {
        spot();
    }
}

static long poke(pid_t pid, int reg, unsigned long value)
{
    return ptrace(PTRACE_POKEUSER, pid,
                  offsetof(struct user, u_debugreg) + reg * sizeof(long),
                  value);
}

int main(void)
{
    int status;
    pid_t pid = fork();

    if (!pid) {
        return child();
    }
    if (waitpid(pid, &status, 0) != pid || poke(pid, 0, (unsigned long)spot) ||
        poke(pid, 7, 1)) {
        return 1;
    }
    ready("hwbreak counter=%p spot=%p child=%d", (void *)&counter,
          (void *)spot, pid);
    while (!ptrace(PTRACE_CONT, pid, NULL, NULL) &&
           waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
        counter++;
    }
    return 1;
}
