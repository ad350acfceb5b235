/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Of a file (its argument) that it maps, reads one page in three, so that the
 * others are not in memory unless they were before.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "ready.h"

#define PAGE 4096

int main(int argc, char **argv)
{
    int fd = open(argc > 1 ? argv[1] : "/proc/self/exe", O_RDONLY);
    struct stat st;
    char c;

    if (fd < 0 || fstat(fd, &st) ||
        posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM) ||
        mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED) {
        return 1;
    }
    for (off_t at = 0; at < st.st_size; at += 3 * PAGE) {
        if (pread(fd, &c, 1, at) != 1) {
            return 1;
        }
    }
    ready("holes fd=%d", fd);
    for (;;) {
        pause();
    }
}
