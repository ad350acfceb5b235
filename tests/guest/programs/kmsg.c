/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of the kernel's log. At SIGUSR1 it writes N of its own (with and without
 * an end, with characters that are none, short and long, one nearly as long as
 * the kernel takes), makes the kernel print its help of sysrq, which is one line
 * in many pieces, says that this was it, and copies what the log has had since
 * the program began from /dev/kmsg to /kmsg.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "ready.h"

volatile int copied;

__attribute__((noinline)) void done(void)
{
    __asm__ volatile ("nop");
}

static void put(const char *path, const char *text, size_t n)
{
    int fd = open(path, O_WRONLY);

    if (fd >= 0 && write(fd, text, n) == (ssize_t)n) {
        copied++;
    }
    close(fd);
}

static void lines(int n)
{
    char line[1000];

    for (int i = 0; i < n; i++) {
        int len = snprintf(line, sizeof(line), "<%d>line %d of \"kmsg\"",
                           8 + i % 8, i);

        if (i % 16 == 5) {
            len += snprintf(line + len, sizeof(line) - len,
                            " \t\\ \xc3\xa9 100%% %%s\x01");
        } else if (i % 16 == 7) {
            memset(line + len, 'a' + i % 26, 900);
            len += 900;
        }
        if (i % 3) {
            line[len++] = '\n';
        }
        put("/dev/kmsg", line, len);
    }
}

/* One read() is one record. */
static void copy(int log)
{
    int to = open("/kmsg", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    char record[8192];
    ssize_t n;

    while ((n = read(log, record, sizeof(record))) > 0 ||
           (n < 0 && errno == EPIPE)) {
        if (n > 0 && write(to, record, n) != n) {
            abort();
        }
    }
    close(to);
}

int main(int argc, char **argv)
{
    int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK), got;
    sigset_t set;

    lseek(log, 0, SEEK_END);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    ready("kmsg");
    while (sigwait(&set, &got) == 0) {
        put("/proc/sys/kernel/printk_devkmsg", "on\n", 3);
        lines(argc > 1 ? atoi(argv[1]) : 10);
        put("/proc/sysrq-trigger", "h", 1);
        put("/dev/kmsg", "that was \"kmsg\"\n", 16);
        copy(log);
        done();
    }
    return 0;
}
