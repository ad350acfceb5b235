/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program to go back in: a statement a line, calls that nest, recursion, a
 * loop, a system call, a page fault; in its rounds it executes nothing that is
 * not in this file. Linked dynamically: gdb 13 takes a static program that it
 * has attached to for the dynamic linker.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>
#include "ready.h"

volatile unsigned long counter;
volatile long value;
static char page[4096] __attribute__((aligned(4096)));

long kernel(long number, long a, long b, long c)
{
    long result;

    __asm__ volatile("syscall" : "=a" (result)
                     : "a" (number), "D" (a), "S" (b), "d" (c)
                     : "rcx", "r11", "memory");
    return result;
}

long square(long x)
{
    long y = x * x;

    return y;                                       /* in square */
}

long sum(long n)
{
    long s = 0;

    while (n) {
        s += square(n);                             /* call square */
        n--;
    }
    return s;                                       /* end of sum */
}

long depth(long n)
{
    long below = 0;

    if (n > 0) {
        below = depth(n - 1);                       /* deeper */
    }
    value = n;                                      /* on the way out */
    return below + n;
}

void fresh_page(void)
{
    kernel(SYS_madvise, (long)page, sizeof(page), MADV_DONTNEED);
    page[0] = 1;                                    /* fault */
    value = value;                                  /* the same again */
}

void play(void)
{
    counter++;                                      /* begin round */
    value = sum(3);                                 /* call sum */
    value += depth(3);                              /* recursion */
    kernel(SYS_getppid, 0, 0, 0);                   /* system call */
    fresh_page();                                   /* touch */
    value = square(sum(2));                         /* call in a call */
    value = 0;                                      /* end of round */
}

int main(int argc, char **argv)
{
    ready("%s counter=%p", argv[0], (void *)&counter);
    for (;;) {
        play();
    }
}
