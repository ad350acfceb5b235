/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waits for time in all the usual ways: sleeps, a poll that runs out, an
 * interval timer's signals, a timer's descriptor. Says when it has done enough.
 */
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include "ready.h"

#define ROUNDS 40

volatile unsigned long counter, alarms;

static void on_alarm(int sig)
{
    alarms++;
}

static void sleep_ns(long ns)
{
    struct timespec left = { .tv_nsec = ns };

    while (nanosleep(&left, &left)) {
    }
}

__attribute__((noinline)) void one_round(int timer)
{
    struct pollfd fd = { .fd = timer, .events = POLLIN };
    uint64_t expired;

    sleep_ns(1000000 + counter % 7 * 300000);
    poll(NULL, 0, 2);
    if (poll(&fd, 1, -1) == 1 && read(timer, &expired, 8) == 8) {
        counter += expired;
    }
    counter++;
}

int main(void)
{
    struct itimerval every = { { 0, 3700 }, { 0, 3700 } };
    struct itimerspec tick = { { 0, 5000000 }, { 0, 5000000 } };
    int timer = timerfd_create(CLOCK_MONOTONIC, 0);

    signal(SIGALRM, on_alarm);
    setitimer(ITIMER_REAL, &every, NULL);
    timerfd_settime(timer, 0, &tick, NULL);
    ready("timers counter=%p", (void *)&counter);
    for (int i = 0; i < ROUNDS; i++) {
        one_round(timer);
    }
    printf("timers: rounds done, %lu alarms\n", alarms);
    fflush(stdout);
    for (;;) {
        one_round(timer);
    }
}
