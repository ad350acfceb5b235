/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One process after the other with the pid that the first argument names: at
 * each SIGUSR1 it is made, executes VERR five times, then itself three times,
 * with VERR three times each, and exits. When it has been waited for, getppid()
 * is called. VERR: nobody else uses it.
 */
#define _GNU_SOURCE
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "ready.h"

static void verr(int times)
{
    for (int i = 0; i < times; i++) {
        __asm__ volatile ("verr %w0" : : "r" (0) : "cc");
    }
}

static void again(int more)
{
    char text[2] = { '0' + more, 0 };
    char *argv[] = { (char *)"reborn", (char *)"again", text, NULL };

    if (more > 0) {
        execv("/bin/reborn", argv);
    }
    _exit(0);
}

static void make(pid_t wanted)
{
    struct clone_args args = {
        .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted,
        .set_tid_size = 1,
    };
    pid_t pid = syscall(SYS_clone3, &args, sizeof(args));

    if (pid == 0) {
        verr(5);
        again(3);
    }
    if (pid != wanted) {
        exit(1);
    }
    waitpid(pid, NULL, 0);
    syscall(SYS_getppid);
}

int main(int argc, char **argv)
{
    sigset_t set;
    int sig;

    if (argc > 2) {
        verr(3);
        again(atoi(argv[2]) - 1);
    }
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    ready("reborn pid=%d", getpid());
    while (sigwait(&set, &sig) == 0) {
        make(atoi(argv[1]));
    }
    return 1;
}
