/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that come and go. `family DEED N' says that it is ready, does DEED
 * at each SIGUSR1 and counts what it has made and waited for:
 *
 *   fork N, vfork N, spawn N   N children; those of vfork and spawn execute
 *                              `family born I', those of fork call born(I);
 *                              child I ends with status I
 *   threads N                  4 threads, each forks N such children
 *   chain N                    a child forks a child ..., N deep
 *   exec PATH, exec-thread PATH, exit N, signal N, leader N
 *
 * leader: the first thread ends, another one exits with N after it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "ready.h"

#define SELF "/bin/family"

volatile unsigned long made;        /* children that were waited for */
volatile int number;

__attribute__((noinline)) int born(int i)
{
    number = i;
    return number;
}

__attribute__((noinline)) void done(void)
{
    __asm__ volatile ("nop");
}

static void wait_for(pid_t pid, int status)
{
    int got = -1;

    if (pid > 0 && waitpid(pid, &got, 0) == pid && WIFEXITED(got) &&
        WEXITSTATUS(got) == status) {
        __atomic_fetch_add(&made, 1, __ATOMIC_SEQ_CST);
    }
}

static void do_fork(int i)
{
    pid_t pid = fork();

    if (pid == 0) {
        _exit(born(i));
    }
    wait_for(pid, i);
}

static void do_vfork(int i)
{
    char text[12];
    char *argv[] = { (char *)"family", (char *)"born", text, NULL };
    pid_t pid;

    snprintf(text, sizeof(text), "%d", i);
    pid = vfork();
    if (pid == 0) {
        execv(SELF, argv);
        _exit(127);
    }
    wait_for(pid, i);
}

static void do_spawn(int i)
{
    char text[12];
    char *argv[] = { (char *)"family", (char *)"born", text, NULL };
    pid_t pid = -1;

    snprintf(text, sizeof(text), "%d", i);
    posix_spawn(&pid, SELF, NULL, NULL, argv, NULL);
    wait_for(pid, i);
}

static void *forks(void *arg)
{
    for (int i = 0; i < *(int *)arg; i++) {
        do_fork(i % 100);
    }
    return NULL;
}

static void do_threads(int n)
{
    pthread_t t[4];

    for (int i = 0; i < 4; i++) {
        pthread_create(&t[i], NULL, forks, &n);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
    }
}

/* Each is waited for by the one that made it; the last ends first. */
static void do_chain(int n)
{
    pid_t pid = fork();

    if (pid == 0) {
        if (n > 1) {
            do_chain(n - 1);
        }
        _exit(born(n));
    }
    wait_for(pid, n);
}

static const char *path;

static void *execs(void *arg)
{
    char *argv[] = { (char *)path, NULL };

    execv(path, argv);
    _exit(126);
}

static void *exits(void *arg)
{
    usleep(20000);      /* the leader is to be gone; nothing depends on it */
    exit(*(int *)arg);
}

static void end_leader(int n)
{
    static int status;
    pthread_t t;

    status = n;
    pthread_create(&t, NULL, exits, &status);
    pthread_exit(NULL);
}

static void act(const char *deed, const char *what, int n)
{
    static void (*const many[])(int) = { do_fork, do_vfork, do_spawn };
    static const char *const names[] = { "fork", "vfork", "spawn" };
    pthread_t t;

    path = what;
    for (int i = 0; i < 3; i++) {
        for (int k = 0; !strcmp(deed, names[i]) && k < n; k++) {
            many[i](k % 100);
        }
    }
    if (!strcmp(deed, "threads")) {
        do_threads(n);
    } else if (!strcmp(deed, "chain")) {
        do_chain(n);
    } else if (!strcmp(deed, "exec")) {
        execs(NULL);
    } else if (!strcmp(deed, "exec-thread")) {
        pthread_create(&t, NULL, execs, NULL);
        pthread_join(t, NULL);
    } else if (!strcmp(deed, "exit")) {
        exit(n);
    } else if (!strcmp(deed, "signal")) {
        kill(getpid(), n);
    } else if (!strcmp(deed, "leader")) {
        end_leader(n);
    }
}

int main(int argc, char **argv)
{
    const char *deed = argc > 1 ? argv[1] : "";
    const char *what = argc > 2 ? argv[2] : "0";
    sigset_t set;
    int sig;

    if (!strcmp(deed, "born")) {
        return born(atoi(what));
    }
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    ready("family counter=%p born=%p", (void *)&made, (void *)born);
    while (sigwait(&set, &sig) == 0) {
        act(deed, what, atoi(what));
        done();
    }
    return 1;
}
