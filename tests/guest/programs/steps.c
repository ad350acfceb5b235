/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program to walk through: each round calls functions in loops, makes a
 * system call and touches a fresh page. steps-a and steps-b share the code.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include "ready.h"

volatile unsigned long counter;
static volatile int total;

__attribute__((noinline)) int square(int x)
{
    int y = x * x;                                  /* in square */

    return y;
}

__attribute__((noinline)) int sum(int n)
{
    int s = 0;                                      /* in sum */

    for (int i = 0; i < n; i++) {
        s += square(i);                             /* call square */
    }
    return s;                                       /* end of sum */
}

__attribute__((noinline)) void fresh_page(void)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    page[0] = 1;                                    /* fault */
    munmap(page, 4096);                             /* after the fault */
}

__attribute__((noinline)) void play(void)
{
    counter++;                                      /* begin round */
    total = sum(10);                                /* call sum */
    total += sum(5);                                /* after sum */
    syscall(SYS_getppid);                           /* system call */
    fresh_page();                                   /* after the call */
    total = 0;                                      /* end of round */
}

int main(int argc, char **argv)
{
    ready("%s counter=%p", argv[0], (void *)&counter);
    for (;;) {
        play();
    }
}
