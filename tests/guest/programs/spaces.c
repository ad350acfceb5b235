/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First process of namespaces of its own (mounts, pids, host name, IPC,
 * network), executed from a file system that is mounted only there.
 * Twice: the inner one is a namespace in the namespace.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "elsewhere.h"
#include "ready.h"

#define HERE "/tmp/only-there"
#define SPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | \
                CLONE_NEWNET)

static int begin(int depth)
{
    char next[] = { '0' + depth + 1, 0 }, name[] = "spaces-0";

    name[7] += depth + 1;
    if (unshare(SPACES) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        sethostname(name, strlen(name))) {
        return -1;
    }
    mkdir(HERE, 0755);
    if (mount("tmpfs", HERE, "tmpfs", 0, NULL) || copy_self(HERE "/spaces")) {
        return -1;
    }
    if (fork() == 0) {
        execl(HERE "/spaces", name, next, NULL);
        _exit(1);
    }
    return 0;
}

int main(int argc, char **argv)
{
    int depth = argc > 1 ? atoi(argv[1]) : 0;

    if (depth < 2) {
        if (begin(depth)) {
            return 1;
        }
        /* Whoever is innermost says that all are there. */
        close(READY_FD);
    } else {
        open(HERE "/file", O_RDWR | O_CREAT, 0600);
        ready("spaces depth=%d self=%d", depth, getpid());
    }
    for (;;) {
        pause();
    }
}
