/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File reads and writes, for ever, in /tmp. */
#include <fcntl.h>
#include "ready.h"

volatile unsigned long counter;

__attribute__((noinline)) int turn(int fd)
{
    char block[512] = "gdbx";

    if (pwrite(fd, block, sizeof(block), 512 * (counter % 8)) != 512 ||
        pread(fd, block, sizeof(block), 512 * (counter % 8)) != 512) {
        return 1;
    }
    counter++;
    return 0;
}

int main(void)
{
    int fd = open("/tmp/files.data", O_RDWR | O_CREAT, 0600);

    ready("files counter=%p fd=%d", (void *)&counter, fd);
    while (fd >= 0 && turn(fd) == 0) {
        continue;
    }
    return 1;
}
