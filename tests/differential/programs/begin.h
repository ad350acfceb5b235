/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How each of these programs begins: it says that it runs (one line on
 * descriptor 3, as the guest's oracle wants it) and then waits for gdb to
 * set `go', in user mode and on one line.
 */
#ifndef BEGIN_H
#define BEGIN_H

#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#define BEGIN_FD 3

volatile int go;

static inline void begin(const char *name)
{
    char line[128];
    int n = snprintf(line, sizeof(line), "%s go=%p\n", name, (void *)&go);

    /* Where only a parent may trace: gdbserver is not ours. */
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    go = 0;             /* the page is the program's own now */
    if (write(BEGIN_FD, line, n) == n) {
        close(BEGIN_FD);
    }
    while (!go) { }
}

#endif
