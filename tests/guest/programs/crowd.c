/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four threads that call the same function, each with its own id and with how
 * often it has: who calls is known without asking the operating system. Now
 * and then they make a system call, and let each other run.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include "ready.h"

#define THREADS 4

volatile unsigned long counter;
static volatile int tids[THREADS];
static pthread_barrier_t started;

__attribute__((noinline)) void visit(long tid, unsigned long i)
{
    if (tid == tids[0]) {
        counter = i;
    }
}

static void *visitor(void *arg)
{
    long tid = syscall(SYS_gettid);

    tids[(long)arg] = tid;
    pthread_barrier_wait(&started);
    for (unsigned long i = 0;; i++) {
        visit(tid, i);
        if (i % 512 == 0) {
            syscall(SYS_getppid);
            sched_yield();
        }
    }
    return NULL;
}

int main(void)
{
    pthread_t t;

    if (pthread_barrier_init(&started, NULL, THREADS + 1)) {
        return 1;
    }
    for (long i = 0; i < THREADS; i++) {
        if (pthread_create(&t, NULL, visitor, (void *)i)) {
            return 1;
        }
    }
    pthread_barrier_wait(&started);
    ready("crowd counter=%p visit=%p tids=%d,%d,%d,%d", (void *)&counter,
          (void *)visit, tids[0], tids[1], tids[2], tids[3]);
    for (;;) {
        pause();
    }
}
