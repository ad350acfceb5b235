/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sleeps in a system call with known values in the registers which a call
 * preserves, so that saved user registers can be checked from outside.
 */
#include "ready.h"

volatile long signature = sizeof(long) == 8 ? 0x736c656570 : 0x736c6570;
static const unsigned long long xmm[] = {
    0x7777777711111111, 0x7777777722222222,
};

#ifdef __x86_64__
__attribute__((noinline)) void rest(long a)
{
    long r;

    /* Nothing here uses it afterwards. */
    __asm__ volatile ("movups %0, %%xmm7" : : "m"(xmm) : "memory");
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
#else
__attribute__((noinline)) void rest(long a)
{
    long r;

    /* Nothing here uses it afterwards. */
    __asm__ volatile ("movups %0, %%xmm7" : : "m"(xmm) : "memory");
    for (;;) {
        /* 29 = pause; it has no arguments */
        __asm__ volatile ("mov $0x1111, %%ebx\n mov $0x2222, %%ecx\n"
                          "mov $0x3333, %%edx\n mov $0x4444, %%esi\n"
                          "int $0x80"
                          : "=a"(r) : "a"(29L), "D"(a)
                          : "ebx", "ecx", "edx", "esi", "memory");
    }
}
#endif

int main(void)
{
    ready("sleeper signature=%p", (void *)&signature);
    rest(signature);
}
