/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What makes stepping hard, a line for each: a busy line, one that waits for
 * another thread, signals whose handlers come between, a jump out of one,
 * recursion, sleep, a string instruction, a thread that ends. walk-alarm has a
 * timer besides that interrupts everything.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include "ready.h"

volatile unsigned long counter, alarms, usr1, leaves, bad, dozes;
volatile long rounds = 200000;
volatile int turn, leave;
static volatile long sink;
static sigjmp_buf out;
char copy_from[64], copy_to[64];
static char other_stack[65536];

static void handle(int sig)
{
    if (sig == SIGALRM) {
        alarms++;                                   /* in the alarm */
    } else if (sig == SIGUSR1) {
        for (int i = 0; i < 100; i++) {
            sink += i;
        }
        usr1++;                                     /* in the handler */
    } else {
        siglongjmp(out, 1);
    }
}

__attribute__((noinline)) long depth(long n)
{
    long below = 0;                                 /* in depth */

    if (n > 0) {
        below = depth(n - 1);                       /* go deeper */
    }
    return below + n;                               /* come back */
}

__attribute__((noinline)) long add(long a, long b)
{
    return a + b;                                   /* in add */
}

__attribute__((noinline)) double scale(double x, int by)
{
    return x * by;
}

static void copy(void)
{
    __asm__ volatile("lea copy_to, %%rdi; lea copy_from, %%rsi; mov $32, %%ecx;"
                     "string: rep movsb"
                     : : : "rdi", "rsi", "rcx", "memory");
}

__attribute__((noinline)) void doze(void)
{
    struct timespec t = { 0, 2000000 };

    bad += syscall(SYS_nanosleep, &t, NULL) != 0;
    dozes++;
}

__attribute__((noinline)) void play(void)
{
    long i;

    counter++;                                      /* begin */
    for (i = 0; i < rounds; i++) { sink += i; }     /* busy */
    turn = 1;                                       /* call the other */
    while (turn) { sink++; }                        /* wait for the other */
    raise(SIGUSR1);                                 /* signal */
    sink = 1;                                       /* after the signal */
    if (!sigsetjmp(out, 1)) {                       /* set */
        raise(SIGUSR2);                             /* jump */
    }
    sink = depth(4);                                /* recursion */
    syscall(SYS_getppid);                           /* system call */
    doze();                                         /* sleep */
    copy();                                         /* string */
    sink = add(sink, 3);                            /* call */
    sink = 0;                                       /* end */
}

static void *partner(void *unused)
{
    pthread_setname_np(pthread_self(), "partner");
    for (;;) {
        if (turn) {
            turn = 0;                               /* the other answers */
        }
    }
    return unused;
}

static void *leaver(void *unused)
{
    pthread_setname_np(pthread_self(), "leaver");
    while (!leave) {
        doze();                                     /* leaver waits */
    }
    leave = 0;                                      /* leaver goes */
    leaves++;
    __asm__ volatile("syscall" : : "a" (SYS_exit), "D" (0)); /* ends here */
    return unused;
}

static void *launcher(void *unused)
{
    pthread_t t;

    pthread_setname_np(pthread_self(), "launcher");
    for (;;) {
        pthread_create(&t, NULL, leaver, NULL);
        pthread_join(t, NULL);
    }
    return unused;
}

int main(int argc, char **argv)
{
    stack_t alternate_stack = { .ss_sp = other_stack,
                                .ss_size = sizeof(other_stack) };
    struct sigaction usr1_action = { .sa_handler = handle,
                                     .sa_flags = SA_ONSTACK };
    struct itimerval ms = { { 0, 3000 }, { 0, 3000 } };
    pthread_t t;

    sigaltstack(&alternate_stack, NULL);
    sigaction(SIGUSR1, &usr1_action, NULL);
    signal(SIGUSR2, handle);
    signal(SIGALRM, handle);
    pthread_create(&t, NULL, partner, NULL);
    pthread_create(&t, NULL, launcher, NULL);
    if (strstr(argv[0], "alarm")) {
        setitimer(ITIMER_REAL, &ms, NULL);
    }
    ready("%s counter=%p", argv[0], (void *)&counter);
    for (;;) {
        play();
    }
}
