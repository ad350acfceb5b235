/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Something of each kind that a kernel is told of, round and round: a child, one
 * that executes `deeds born', a line for the kernel's log, a fault that a handler
 * ends, calls that succeed and fail, a sleep.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include "ready.h"

volatile unsigned long counter;

__attribute__((noinline)) void deed(unsigned long n)
{
    counter = n;
}

/* UD2 has two bytes. */
static void step_over(int sig, siginfo_t *info, void *context)
{
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

static void child(bool executes)
{
    char *argv[] = { (char *)"deeds", (char *)"born", NULL };
    pid_t pid = executes ? vfork() : fork();

    if (pid == 0 && executes) {
        execv("/bin/deeds", argv);
    }
    if (pid == 0) {
        _exit(3);
    }
    waitpid(pid, NULL, 0);
}

static void say(unsigned long n)
{
    char line[40];
    int len = snprintf(line, sizeof(line), "<6>deed %lu\n", n);
    int fd = open("/dev/kmsg", O_WRONLY);

    if (write(fd, line, len) != len) {
        _exit(1);
    }
    close(fd);
}

int main(int argc, char **argv)
{
    const struct sigaction sa = {
        .sa_sigaction = step_over, .sa_flags = SA_SIGINFO,
    };
    const struct timespec little = { .tv_nsec = 100000 };

    if (argc > 1 && !strcmp(argv[1], "born")) {
        return 4;
    }
    sigaction(SIGILL, &sa, NULL);
    ready("deeds counter=%p", (void *)&counter);
    for (unsigned long n = 1; ; n++) {
        deed(n);
        child(n & 1);
        say(n);
        __asm__ volatile ("ud2");
        close(-1);
        nanosleep(&little, NULL);
    }
}
