/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls of all kinds: plain ones, with errors, interrupted by signals,
 * begun anew, out of handlers; forks, vforks with exec, threads.
 * Argument: how many rounds; none: for ever.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include "ready.h"

volatile unsigned long counter;
static volatile sig_atomic_t feed;
static volatile long delay;     /* of the next alarm, 0: there is none */
static int pipes[2];
static char *self;

/* Later each time: a handler must not be all that is ever executed. */
static void alarm_in(long usec)
{
    const struct itimerval soon = { .it_value = { usec / 1000000,
                                                  usec % 1000000 } };

    delay = usec;
    setitimer(ITIMER_REAL, &soon, NULL);
}

static void on_alarm(int sig)
{
    if (delay) {
        alarm_in(2 * delay);
    }
    if (feed) {
        feed = 0;
        (void)!write(pipes[1], "f", 1);
    }
}

/* Again and again: the first may come before the call that it is meant for. */
static void alarm_soon(int flags, int feeds)
{
    const struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = flags };

    feed = feeds;
    sigaction(SIGALRM, &sa, NULL);
    alarm_in(2000);
}

static void plain(void)
{
    char byte = 'x';

    syscall(SYS_getpid);
    syscall(SYS_getppid);
    write(pipes[1], &byte, 1);
    read(pipes[0], &byte, 1);
    read(-1, &byte, 1);
    syscall(999, 1, 2, 3, 4, 5, 6);
    close(open("/nowhere/at-all", O_RDONLY));
}

static void interrupted(void)
{
    const struct timespec long_time = { .tv_sec = 100 };
    const struct itimerval never = { 0 };
    char byte;

    alarm_soon(0, 0);
    read(pipes[0], &byte, 1);               /* EINTR */
    alarm_soon(SA_RESTART, 1);
    read(pipes[0], &byte, 1);               /* made again */
    alarm_soon(SA_RESTART, 0);
    nanosleep(&long_time, NULL);            /* EINTR all the same */
    delay = 0;
    setitimer(ITIMER_REAL, &never, NULL);
}

/* A stop and its end interrupt without a handler: the sleep is continued. */
static void continued(void)
{
    const struct timespec some_time = { .tv_nsec = 30000000 };
    pid_t child = fork();

    if (!child) {
        const struct timespec moment = { .tv_nsec = 5000000 };

        nanosleep(&moment, NULL);
        kill(getppid(), SIGSTOP);
        kill(getppid(), SIGCONT);
        _exit(0);
    }
    nanosleep(&some_time, NULL);
    waitpid(child, NULL, 0);
}

static void children(void)
{
    char *const args[] = { self, "child", NULL };
    pid_t child = fork();

    if (!child) {
        _exit(3);
    }
    waitpid(child, NULL, 0);
    child = vfork();
    if (!child) {
        execv(self, args);
        _exit(4);
    }
    waitpid(child, NULL, 0);
}

static void *thread(void *arg)
{
    syscall(SYS_gettid);
    return arg;
}

static void threads(void)
{
    pthread_t t;

    pthread_create(&t, NULL, thread, NULL);
    pthread_join(t, NULL);
}

int main(int argc, char **argv)
{
    unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : -1ul;

    if (argc > 1 && !strcmp(argv[1], "child")) {
        _exit(5);
    }
    self = "/proc/self/exe";
    ready("syscalls counter=%p", (void *)&counter);
    (void)!pipe(pipes);
    while (rounds--) {
        plain();
        interrupted();
        if (counter % 8 == 0) {
            continued();
            children();
            threads();
        }
        counter++;
    }
    return 0;
}
