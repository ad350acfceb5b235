/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As many tasks as asked for, half of them processes, half threads of this
 * one. They sleep. All are there when it says that it is ready.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <signal.h>
#include "ready.h"

static void *rest(void *arg)
{
    for (;;) {
        pause();
    }
    return arg;
}

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 100;
    pthread_attr_t small;
    pthread_t thread;

    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 16384);
    /* Processes first: each is a copy of what is there. */
    for (int i = 0; i < n / 2; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            rest(NULL);
        }
        if (pid < 0) {
            return 1;
        }
    }
    for (int i = 0; i < n / 2; i++) {
        if (pthread_create(&thread, &small, rest, NULL)) {
            return 1;
        }
    }
    ready("tasks=%d", n / 2 * 2);
    rest(NULL);
}
