/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The oracle's commands about files; see oracle.h. */
#define _DEFAULT_SOURCE   /* mincore */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "oracle.h"

const char *put_fd(int fd)
{
    static char block[16384];
    ssize_t n;

    while ((n = read(fd, block, sizeof(block))) > 0) {
        put_data(block, n);
    }
    return n < 0 ? strerror(errno) : NULL;
}

/* read PATH: the bytes of any file, /proc included. */
const char *cmd_read(int argc, char **argv)
{
    int fd = open(argv[1], O_RDONLY);
    const char *error;

    if (fd < 0) {
        return strerror(errno);
    }
    error = put_fd(fd);
    close(fd);
    return error;
}

/* write PATH WORD: into a file that exists. */
const char *cmd_write(int argc, char **argv)
{
    int fd = open(argv[1], O_WRONLY);
    const char *error = NULL;

    if (fd < 0 || write(fd, argv[2], strlen(argv[2])) < 0) {
        error = strerror(errno);
    }
    close(fd);
    return error;
}

/* link PATH: where a symbolic link points, such as /proc/PID/exe. */
const char *cmd_link(int argc, char **argv)
{
    char target[4096];
    ssize_t n = readlink(argv[1], target, sizeof(target));

    if (n < 0) {
        return strerror(errno);
    }
    put_data(target, n);
    return NULL;
}

static const char *put_resident(int fd, size_t pages)
{
    size_t page = getpagesize();
    void *at = mmap(NULL, pages * page, PROT_READ, MAP_SHARED, fd, 0);
    unsigned char *there = malloc(pages);
    const char *error = NULL;

    if (at == MAP_FAILED || !there || mincore(at, pages * page, there)) {
        error = strerror(errno);
    } else {
        for (size_t i = 0; i < pages; i++) {
            there[i] = '0' + (there[i] & 1);
        }
        put_data(there, pages);
    }
    free(there);
    munmap(at, pages * page);
    return error;
}

/* resident PATH: 1 for each page of a file that is in memory, else 0. */
const char *cmd_resident(int argc, char **argv)
{
    int fd = open(argv[1], O_RDONLY);
    const char *error = NULL;
    struct stat st;

    if (fd < 0 || fstat(fd, &st)) {
        return strerror(errno);
    }
    if (st.st_size) {
        error = put_resident(fd, (st.st_size + getpagesize() - 1)
                             / getpagesize());
    }
    close(fd);
    return error;
}
