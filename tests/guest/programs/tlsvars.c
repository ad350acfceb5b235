/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thread-local variables of the executable and of libraries opened at run time:
 * "early" lies in every thread's first block; "late" is allocated by the thread
 * that touches it, which the thread "second" never does; "closed" was touched
 * and closed, and "reopened" has come in its place, touched by main only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include "ready.h"

typedef volatile long *(*Get)(void);

static __thread char align[3];
__thread volatile long tls_own = 1;
static Get early, late, closed, reopened;
static pthread_barrier_t started;
static void *first_late;

static Get library(const char *name, void **lib)
{
    char text[64];

    snprintf(text, sizeof(text), "/lib/libtls-%s.so", name);
    *lib = dlopen(text, RTLD_NOW);
    snprintf(text, sizeof(text), "get_%s", name);
    return *lib ? (Get)dlsym(*lib, text) : NULL;
}

static void *first(void *arg)
{
    pthread_setname_np(pthread_self(), "first");
    tls_own = 201;
    *early() = 202;
    *late() = 203;
    *closed() = 204;
    first_late = (void *)late();
    pthread_barrier_wait(&started);
    for (;;) {
        pause();
    }
    return arg;
}

static void *second(void *arg)
{
    pthread_setname_np(pthread_self(), "second");
    tls_own = 301;
    *early() = 302;
    pthread_barrier_wait(&started);
    for (;;) {
        align[0]++;
    }
    return arg;
}

int main(void)
{
    void *lib, *old;
    pthread_t t;

    early = library("early", &lib);
    late = library("late", &lib);
    closed = library("closed", &old);
    if (!early || !late || !closed ||
        pthread_barrier_init(&started, NULL, 3) ||
        pthread_create(&t, NULL, first, NULL) ||
        pthread_create(&t, NULL, second, NULL)) {
        return 1;
    }
    tls_own = 101;
    *early() = 102;
    *late() = 103;
    pthread_barrier_wait(&started);
    dlclose(old);
    reopened = library("reopened", &lib);
    if (!reopened) {
        return 1;
    }
    *reopened() = 105;
    ready("tlsvars own=%p early=%p late=%p reopened=%p first_late=%p",
          (void *)&tls_own, (void *)early(), (void *)late(),
          (void *)reopened(), first_late);
    for (;;) {
        pause();
    }
}
