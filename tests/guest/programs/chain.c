/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fork and exec, for ever: each generation forks a child that executes the
 * same file with the next number and waits for it; "chain" ends at 3 and
 * starts over.
 */
#include <stdlib.h>
#include <sys/wait.h>
#include "ready.h"

volatile unsigned long generation;

__attribute__((noinline)) void born(unsigned long n)
{
    generation = n;
}

static int descend(const char *self, unsigned long n)
{
    char number[24];
    pid_t pid = fork();

    if (pid == 0) {
        snprintf(number, sizeof(number), "%lu", n + 1);
        execl(self, "chain", number, NULL);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, NULL, 0) == pid ? 0 : 1;
}

int main(int argc, char **argv)
{
    unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;

    born(n);
    if (n > 0) {
        return n >= 3 ? 0 : descend("/bin/chain", n);
    }
    ready("chain generation=%p", (void *)&generation);
    while (descend("/bin/chain", 0) == 0) {
        continue;
    }
    return 1;
}
