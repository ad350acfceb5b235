/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a guest program says that it runs: one line on the descriptor which
 * the oracle left open for it. A program started by hand has no such
 * descriptor; the write then fails and nobody minds.
 *
 * Words "counter=ADDRESS" and "pid=N" have a meaning to the oracle, all
 * others are handed to the test as they are.
 */
#ifndef GUEST_READY_H
#define GUEST_READY_H

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define READY_FD 3

__attribute__((format(printf, 1, 2)))
static inline void ready(const char *format, ...)
{
    char line[256];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(line, sizeof(line) - 1, format, ap);
    va_end(ap);
    if (n < 0) {
        return;
    }
    if (n > (int)sizeof(line) - 2) {
        n = sizeof(line) - 2;
    }
    line[n] = '\n';
    if (write(READY_FD, line, n + 1) == n + 1) {
        printf("%d: %.*s\n", getpid(), n, line);
        fflush(stdout);
    }
    close(READY_FD);
}

#endif
