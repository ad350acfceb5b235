/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A counting loop. Two copies of it (busy-a, busy-b) share every page of
 * code, so a breakpoint that belongs to one copy is told from the other by
 * its address space alone.
 */
#include "ready.h"

volatile unsigned long counter;

/* Never called: a place on work()'s page for a breakpoint that never hits. */
__attribute__((noinline, used)) void never(void)
{
    counter = 0;
}

__attribute__((noinline)) unsigned long work(unsigned long i)
{
    unsigned long next = i + 1;

    counter = next;
    return next;
}

int main(int argc, char **argv)
{
    unsigned long i = 0;

    ready("%s counter=%p work=%p", argv[0], (void *)&counter, (void *)work);
    for (;;) {
        i = work(i);
    }
}
