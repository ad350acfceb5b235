/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scripts look at somebody else than who has come by the breakpoint: where that
 * one is must not depend on how busy the machine is.
 */
#ifndef ASLEEP_H
#define ASLEEP_H

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/*
 * Returns when /proc/@who/stat says that its main thread sleeps or is held by
 * a debugger; also where there is no /proc.
 */
static inline void until_asleep(const char *who)
{
    char path[64], text[256], *end;
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "/proc/%s/stat", who);
    for (;;) {
        fd = open(path, O_RDONLY);
        n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
        close(fd);
        text[n > 0 ? n : 0] = '\0';
        end = strrchr(text, ')');
        if (!end || !strchr("RD", end[2])) {
            return;
        }
        sched_yield();
    }
}

#endif
