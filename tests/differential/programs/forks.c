/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fork, vfork, exec and exits, each by name: forks fork|vfork|exec|... */
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <signal.h>
#include "asleep.h"
#include "begin.h"

int status, in_child, steps;

int child_work(int a)
{
    in_child = 1;
    steps += a;
    return steps;
}

int parent_work(int a)
{
    steps += a;
    return steps;
}

int do_fork(void)
{
    char parent[16];
    pid_t pid;

    snprintf(parent, sizeof(parent), "%d", getpid());
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        until_asleep(parent);       /* in its waitpid, if it runs at all */
        child_work(10);
        exit(3);
    }
    parent_work(1);
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

int do_vfork(void)
{
    pid_t pid = vfork();

    if (pid == 0) {
        _exit(4);
    }
    waitpid(pid, &status, 0);
    return WEXITSTATUS(status);
}

int do_exec(const char *self)
{
    execl(self, "forks", "again", NULL);
    return 99;
}

int again(void)
{
    return parent_work(5);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "fork";
    char self[256] = "";
    int r = 0;

    if (strcmp(what, "again") == 0) {
        return again();
    }
    if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0) {
        return 98;
    }
    begin("forks");
    if (strcmp(what, "fork") == 0) {
        r = do_fork();
    } else if (strcmp(what, "vfork") == 0) {
        r = do_vfork();
    } else if (strcmp(what, "exec") == 0) {
        r = do_exec(self);
    } else if (strcmp(what, "exit") == 0) {
        exit(7);
    } else if (strcmp(what, "abort") == 0) {
        abort();
    }
    parent_work(1);
    return r;
}
