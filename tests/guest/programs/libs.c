/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dynamically linked, with a second thread; both wait in the C library, the
 * first below two functions of its own. Values to find are in registers that
 * calls preserve and in memory that was written, read only or never touched.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "ready.h"

volatile unsigned long planted = 0x676462785f463031;
const char text[] = "in the file only";
char *heap, *untouched, *forbidden;

static void *second(void *arg)
{
    for (;;) {
        pause();
    }
    return arg;
}

__attribute__((noinline)) static int inner(int a)
{
    ready("planted=%p", (void *)&planted);
    for (;;) {
        pause();
        a++;
    }
    return a;
}

__attribute__((noinline)) static int outer(int a)
{
    return inner(a + 1) + 1;
}

int main(void)
{
    pthread_t thread;

    planted++;
    heap = calloc(1, 100000);
    heap[50000] = 'h';
    untouched = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    forbidden = mmap(NULL, 8192, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                     0);
    pthread_setname_np(pthread_self(), "first");
    if (pthread_create(&thread, NULL, second, NULL)) {
        return 1;
    }
    pthread_setname_np(thread, "second");
    return outer(41);
}
