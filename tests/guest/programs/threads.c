/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four named threads: main waits in pause(), "sleeper" in a pipe read,
 * "waiter" on a futex, "spinner" runs. Each keeps a known value in tls.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include "ready.h"

__thread volatile long tls;
volatile unsigned long counter;
static int pipe_fd[2];
static pthread_mutex_t never_free = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t started;

static void begin(const char *name, long value)
{
    pthread_setname_np(pthread_self(), name);
    tls = value;
    pthread_barrier_wait(&started);
}

static void *sleeper(void *arg)
{
    char c;

    begin("sleeper", 101);
    return read(pipe_fd[0], &c, 1) == 1 ? arg : NULL;
}

static void *waiter(void *arg)
{
    begin("waiter", 102);
    pthread_mutex_lock(&never_free);
    return arg;
}

__attribute__((noinline)) void spin(void)
{
    counter++;
}

static void *spinner(void *arg)
{
    begin("spinner", 103);
    for (;;) {
        spin();
    }
    return arg;
}

int main(void)
{
    static void *(*const body[])(void *) = { sleeper, waiter, spinner };
    pthread_t t;

    tls = 100;
    pthread_mutex_lock(&never_free);
    if (pipe(pipe_fd) || pthread_barrier_init(&started, NULL, 4)) {
        return 1;
    }
    for (int i = 0; i < 3; i++) {
        if (pthread_create(&t, NULL, body[i], NULL)) {
            return 1;
        }
    }
    pthread_barrier_wait(&started);
    ready("threads counter=%p", (void *)&counter);
    for (;;) {
        pause();
    }
}
