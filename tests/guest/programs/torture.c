/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many small functions, called at random by two threads, each of which counts
 * its calls in an array of its own by the first instruction of the function:
 * with the array in RDI, "calls before this one" can stand in a condition.
 * Beside them one function of the C library, called with 2 * n + thread.
 *
 * Two copies of it (torture-a, torture-b) share all code, the library too.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "ready.h"

#define FUNCTIONS 2048
#define THREADS 2

/* Function i is at sled + 16 * i, its count at RDI + 8 * i. */
extern char sled[];
__asm__ (".text\n.balign 4096\n.globl sled\nsled:\n"
         ".set i, 0\n"
         ".rept 2048\n"
         ".balign 16\n"
         "incq 8*i(%rdi)\n"
         "ret\n"
         ".set i, i + 1\n"
         ".endr\n");

static struct work {
    volatile unsigned long count[FUNCTIONS];
    volatile unsigned long library_calls;
} __attribute__((aligned(4096))) works[THREADS];

static long (*volatile library)(long);
static volatile long self;

static void *run(void *arg)
{
    struct work *w = arg;
    unsigned long x = time(NULL) * 2654435761ul + (unsigned long)arg + getpid();
    unsigned long n = 0;

    for (;;) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        ((void (*)(volatile unsigned long *))(sled + x % FUNCTIONS * 16))
            (w->count);
        if (!(x >> 60)) {
            library(THREADS * n++ + (w - works));
            w->library_calls = n;
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t t;

    memset(works, 0, sizeof(works));    /* no count faults later */
    self = getpid();
    library = (long (*)(long))dlsym(RTLD_DEFAULT, "labs");
    if (!library || pthread_create(&t, NULL, run, &works[1])) {
        return 1;
    }
    while (!works[1].library_calls) {
        sched_yield();
    }
    ready("%s sled=%p works=%p size=%zu labs=%p self=%p", argv[0],
          (void *)sled, (void *)works, sizeof(works[0]), (void *)library,
          (void *)&self);
    run(&works[0]);
}
