/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open files of all kinds, with known flags and positions, and a gap. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include "ready.h"

static void files(void)
{
    int fd = open("/tmp/handles.data", O_RDWR | O_CREAT, 0600);

    lseek64(fd, 0x123456789, SEEK_SET);
    open("/tmp/handles.data", O_WRONLY | O_APPEND | O_SYNC);
    open("/tmp/with blank\nand line", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    open("/tmp", O_RDONLY | O_DIRECTORY);
    open("/proc/self/status", O_RDONLY);
    open("/dev/null", O_RDWR | O_NONBLOCK);
    open("/bin/handles", O_PATH);
    fd = open("/tmp/handles.gone", O_RDWR | O_CREAT, 0600);
    unlink("/tmp/handles.gone");
    dup2(fd, 200);
}

static void others(void)
{
    int pair[2];
    sigset_t none;

    sigemptyset(&none);
    mkfifo("/tmp/handles.fifo", 0600);
    open("/tmp/handles.fifo", O_RDWR);
    if (pipe2(pair, O_NONBLOCK) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) {
        return;
    }
    socket(AF_INET, SOCK_STREAM, 0);
    eventfd(5, 0);
    epoll_create1(EPOLL_CLOEXEC);
    timerfd_create(CLOCK_MONOTONIC, 0);
    signalfd(-1, &none, 0);
    memfd_create("remembered", 0);
}

int main(void)
{
    files();
    others();
    ready("handles");
    for (;;) {
        pause();
    }
}
