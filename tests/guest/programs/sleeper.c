/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sleeps in a system call with known values in the registers which a call
 * preserves, so that saved user registers can be checked from outside.
 */
#include "ready.h"

volatile long signature = 0x736c656570;

__attribute__((noinline)) void rest(long a)
{
    long r;

    for (;;) {
        /* 34 = pause */
        __asm__ volatile ("mov $0x1111, %%rbx\n mov $0x1212, %%r12\n"
                          "mov $0x1313, %%r13\n mov $0x1414, %%r14\n"
                          "mov $0x1515, %%r15\n syscall"
                          : "=a"(r) : "a"(34L), "D"(a)
                          : "rbx", "r12", "r13", "r14", "r15", "rcx", "r11",
                            "memory");
    }
}

int main(void)
{
    ready("sleeper signature=%p", (void *)&signature);
    rest(signature);
}
