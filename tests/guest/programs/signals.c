/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals of all kinds, for ever: one sent by kill, one from a bad address,
 * one from a division by zero; the handlers count and go on.
 */
#include <setjmp.h>
#include <signal.h>
#include "ready.h"

volatile unsigned long counter, usr1, segv, fpe;
volatile int zero;
static sigjmp_buf again;

static void handle(int sig)
{
    switch (sig) {
    case SIGUSR1:
        usr1++;
        return;
    case SIGSEGV:
        segv++;
        break;
    case SIGFPE:
        fpe++;
        break;
    }
    siglongjmp(again, 1);
}

__attribute__((noinline)) void fault(unsigned long n)
{
    kill(getpid(), SIGUSR1);
    if (n & 1) {
        *(volatile int *)16 = 1;
    } else {
        zero = 1 / zero;
    }
}

int main(void)
{
    signal(SIGUSR1, handle);
    signal(SIGSEGV, handle);
    signal(SIGFPE, handle);
    ready("signals counter=%p", (void *)&counter);
    for (;;) {
        if (sigsetjmp(again, 1) == 0) {
            fault(counter++);
        }
    }
}
