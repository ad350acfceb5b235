/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two thousand mappings that do not melt into one another, with gaps, among
 * them all kinds: private, shared, of files at offsets, of nothing readable.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include "ready.h"

#define MAPPINGS 2000
#define PAGE 4096ul

static void stripes(void)
{
    char *at = mmap(NULL, 2 * MAPPINGS * PAGE, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    for (int i = 0; at != MAP_FAILED && i < MAPPINGS; i += 2) {
        mprotect(at + i * PAGE, PAGE,
                 PROT_READ | (i % 4 ? PROT_WRITE : 0));
        if (i % 10 == 0) {
            munmap(at + (i + 1) * PAGE, PAGE);
        }
    }
}

static void kinds(void)
{
    int fd = open("/tmp/mappings.file", O_RDWR | O_CREAT, 0600);

    if (ftruncate(fd, 64 * PAGE)) {
        return;
    }
    mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 3 * PAGE);
    mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 5 * PAGE);
    mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 7 * PAGE);
    mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
         0);
    mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, memfd_create("held", 0), 0);
    sbrk(3 * PAGE);
}

int main(void)
{
    stripes();
    kinds();
    ready("mappings");
    for (;;) {
        pause();
    }
}
