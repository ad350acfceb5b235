/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Page faults, for ever: maps fresh memory, touches each page, gives it
 * back. The page "lonely" is code that is first run after the start.
 */
#include <sys/mman.h>
#include "ready.h"

#define PAGES 16
#define PAGE 4096

volatile unsigned long counter;

__attribute__((noinline, aligned(4096))) unsigned long lonely(unsigned long i)
{
    return i + 1;
}

/* Its first instruction is the one that faults. */
__attribute__((noinline)) void put(volatile char *p, int value)
{
    *p = value;
}

__attribute__((noinline)) int touch(void)
{
    volatile char *p = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        return 1;
    }
    for (int i = 0; i < PAGES; i++) {
        put(&p[i * PAGE], i);
        counter = lonely(counter);
    }
    return munmap((void *)p, PAGES * PAGE);
}

int main(void)
{
    ready("faults counter=%p put=%p", (void *)&counter, (void *)put);
    while (touch() == 0) {
        continue;
    }
    return 1;
}
