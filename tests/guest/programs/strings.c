/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flags that live over a repeated string instruction, for ever: "bad" counts
 * the turns in which they were not what the comparison had left, "counter" the
 * others.
 */
#include "ready.h"

volatile unsigned long counter, bad;
extern const char point[];
static char from[64], to[64];

static void turn(void)
{
    char *s = from, *d = to;
    unsigned long n = 40;

    __asm__ volatile(
        "   xor %%ebx, %%ebx\n"
        "   jmp 1f\n"
        "1: mov $5, %%eax\n"
        "   cmp $6, %%eax\n"
        ".globl point\n"
        "point:\n"
        "   rep movsb\n"
        "   jc 2f\n"
        "   jmp 3f\n"
        "2: incq %[good]\n"
        "   jmp 4f\n"
        "3: incq %[bad]\n"
        "4:\n"
        : "+S"(s), "+D"(d), "+c"(n), [good] "+m"(counter), [bad] "+m"(bad)
        : : "rax", "rbx", "cc", "memory");
}

int main(void)
{
    ready("strings counter=%p bad=%p point=%p", (void *)&counter,
          (void *)&bad, (void *)point);
    for (;;) {
        turn();
    }
}
