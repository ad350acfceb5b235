/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 32-bit program without a C library (so that no 32-bit library need be
 * installed to build it): it counts, and tells its counter on descriptor 3.
 */
volatile unsigned long counter;

static long syscall3(long n, long a, long b, long c)
{
    long r;

    __asm__ volatile ("int $0x80" : "=a"(r)
                      : "a"(n), "b"(a), "c"(b), "d"(c) : "memory");
    return r;
}

__attribute__((noinline)) unsigned long work(unsigned long i)
{
    counter = i;
    return i + 1;
}

void start_c(void)
{
    static char line[] = "compat32 counter=0x00000000\n";
    unsigned long address = (unsigned long)&counter, i = 0;

    for (int digit = 26; digit > 18; digit--) {
        line[digit] = "0123456789abcdef"[address & 15];
        address >>= 4;
    }
    syscall3(4, 3, (long)line, sizeof(line) - 1);
    syscall3(6, 3, 0, 0);
    for (;;) {
        i = work(i);
    }
}

__asm__(".globl _start\n_start: xor %ebp,%ebp\n and $-16,%esp\n call start_c\n");
