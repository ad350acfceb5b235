/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Children in the states one rarely sees: dead, stopped, traced. */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include "ready.h"

static void forever(void)
{
    close(READY_FD);
    for (;;) {
        pause();
    }
}

int main(void)
{
    int dead, stopped, traced, status;
    siginfo_t info;

    if ((dead = fork()) == 0) {
        _exit(3);
    }
    waitid(P_PID, dead, &info, WEXITED | WNOWAIT);
    if ((stopped = fork()) == 0) {
        forever();
    }
    kill(stopped, SIGSTOP);
    waitpid(stopped, &status, WUNTRACED);
    if ((traced = fork()) == 0) {
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        raise(SIGTRAP);
        forever();
    }
    waitpid(traced, &status, 0);
    ready("states dead=%d stopped=%d traced=%d", dead, stopped, traced);
    for (;;) {
        pause();
    }
}
