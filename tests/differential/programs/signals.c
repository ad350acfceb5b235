/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals: handlers, one in the other, on a stack of its own, a fault. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "begin.h"

volatile int handled, nested, faults;
volatile char *volatile nowhere;
static char other_stack[65536];
static sigjmp_buf back;

int work(int a)
{
    handled += a;
    return handled;
}

void on_usr1(int number)
{
    work(1);
}

void on_usr2(int number, siginfo_t *info, void *context)
{
    nested++;
    raise(SIGUSR1);
    nested++;
}

void on_segv(int number, siginfo_t *info, void *context)
{
    faults++;
    siglongjmp(back, 1);
}

void setup(void)
{
    stack_t stack = { .ss_sp = other_stack, .ss_size = sizeof(other_stack) };
    struct sigaction a;

    sigaltstack(&stack, NULL);
    memset(&a, 0, sizeof(a));
    a.sa_handler = on_usr1;
    sigaction(SIGUSR1, &a, NULL);
    a.sa_sigaction = on_usr2;
    a.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGUSR2, &a, NULL);
    a.sa_sigaction = on_segv;
    a.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &a, NULL);
}

int plain(void)
{
    int a = 1;

    raise(SIGUSR1);
    a += handled;
    return a;
}

int deep(void)
{
    int a = 2;

    raise(SIGUSR2);
    a += nested;
    return a;
}

int fault(void)
{
    if (sigsetjmp(back, 1) == 0) {
        *nowhere = 1;
    }
    return faults;
}

int main(int argc, char **argv)
{
    int r;

    setup();
    begin("signals");
    r = plain();
    r += deep();
    r += fault();
    if (argc > 1) {
        kill(getpid(), atoi(argv[1]));
    }
    return r;
}
