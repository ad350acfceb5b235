/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Three threads that take turns, so that their order is always the same. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include "asleep.h"
#include "begin.h"

#define THREADS 3
#define ROUNDS 4

__thread int mine = 1000;
__thread char label[8] = "none";
volatile int turn, ended, calls;
pthread_t handles[THREADS];
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int visit(int who, int round)
{
    int value = who * 100 + round;

    calls++;
    mine += value;
    return value;
}

int quiet(int who)
{
    return who + calls;
}

void *worker(void *opaque)
{
    int who = (long)opaque;

    if (!who) {
        while (turn) {
            sched_yield();
        }
        until_asleep("self");   /* main, in its first pthread_join */
    }
    label[0] = 'a' + who;
    label[1] = '\0';
    for (int round = 0; round < ROUNDS; round++) {
        while (turn != who) {
            sched_yield();
        }
        pthread_mutex_lock(&lock);
        visit(who, round);
        pthread_mutex_unlock(&lock);
        quiet(who);
        turn = (who + 1) % THREADS;
    }
    __sync_fetch_and_add(&ended, 1);
    return (void *)(long)(who * 7);
}

void all_started(void)
{
    calls = 0;
}

void all_ended(void)
{
    calls = -calls;
}

int main(void)
{
    void *result;
    long sum = 0;

    turn = -1;
    begin("threads");
    for (long i = 0; i < THREADS; i++) {
        pthread_create(&handles[i], NULL, worker, (void *)i);
        pthread_setname_np(handles[i], i ? i > 1 ? "two" : "one" : "zero");
    }
    all_started();
    turn = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(handles[i], &result);
        sum += (long)result;
    }
    all_ended();
    return sum;
}
