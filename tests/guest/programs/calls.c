/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that wait in the kernel in different ways, each in a system call
 * with arguments that tell it from the others.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include "ready.h"

#define LONG_TIME 1000000

static pthread_barrier_t started;
static int word, fds[2], pair[2], child;

static void in_read(void)
{
    char c[17];

    if (read(fds[0], c, sizeof(c)) < 0) {
        word = 1;
    }
}

static void in_futex(void)
{
    struct timespec t = { LONG_TIME, 42 };

    syscall(SYS_futex, &word, FUTEX_WAIT, 0, &t, (void *)0x5555, 0x6666);
}

static void in_nanosleep(void)
{
    struct timespec t = { LONG_TIME, 7 };

    clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

static void in_poll(void)
{
    struct pollfd p = { fds[0], POLLIN, 0 };

    poll(&p, 1, LONG_TIME * 1000);
}

static void in_select(void)
{
    fd_set set;

    FD_ZERO(&set);
    FD_SET(fds[0], &set);
    select(fds[0] + 1, &set, NULL, NULL, NULL);
}

static void in_epoll(void)
{
    struct epoll_event e = { 0 };

    epoll_wait(epoll_create1(0), &e, 1, -1);
}

static void in_recv(void)
{
    char c[33];

    recv(pair[0], c, sizeof(c), 0);
}

static void in_wait(void)
{
    waitpid(child, NULL, 0);
}

static void in_sigwait(void)
{
    struct timespec t = { LONG_TIME, 0 };
    sigset_t set;

    sigfillset(&set);
    sigtimedwait(&set, NULL, &t);
}

static void in_eventfd(void)
{
    long value;

    if (read(eventfd(0, 0), &value, sizeof(value)) < 0) {
        word = 1;
    }
}

static void (*const ways[])(void) = {
    in_read, in_futex, in_nanosleep, in_poll, in_select, in_epoll, in_recv,
    in_wait, in_sigwait, in_eventfd,
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

static void *way(void *arg)
{
    char name[16];

    snprintf(name, sizeof(name), "way %ld", (long)arg);
    pthread_setname_np(pthread_self(), name);
    pthread_barrier_wait(&started);
    ways[(long)arg]();
    return NULL;
}

int main(void)
{
    pthread_t t;

    child = fork();
    if (child == 0) {
        close(READY_FD);
        for (;;) {
            pause();
        }
    }
    if (pipe(fds) || socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) ||
        pthread_barrier_init(&started, NULL, WAYS + 1)) {
        return 1;
    }
    for (long i = 0; i < (long)WAYS; i++) {
        if (pthread_create(&t, NULL, way, (void *)i)) {
            return 1;
        }
    }
    pthread_barrier_wait(&started);
    ready("calls");
    for (;;) {
        pause();
    }
}
