/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A page that the program maps anew all the time and never touches: what is
 * there is written through the file. "counter" is in it too.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <unistd.h>
#include "ready.h"

#define PAGE 4096
#define PAGES 64
#define CALLS 2000

volatile unsigned long counter;

__attribute__((noinline)) void hot(unsigned long i)
{
    __asm__ volatile("" : : "r"(i));
}

int main(void)
{
    int fd = memfd_create("remaps", 0);
    char *page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);

    if (fd < 0 || page == MAP_FAILED || ftruncate(fd, PAGES * PAGE)) {
        return 1;
    }
    ready("remaps counter=%p page=%p hot=%p", (void *)&counter, page,
          (void *)hot);
    for (;;) {
        unsigned long next = counter + 1;
        off_t at = next % PAGES * PAGE;

        if (pwrite(fd, &next, sizeof(next), at) != sizeof(next) ||
            mmap(page, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED | MAP_POPULATE,
                 fd, at) != page) {
            return 1;
        }
        counter = next;
        for (unsigned long i = 0; i < CALLS; i++) {
            hot(i);
        }
    }
}
