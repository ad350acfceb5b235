/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs in a chroot, from a file in there that is also mapped, with an open
 * file inside, one outside and its working directory outside.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "elsewhere.h"
#include "ready.h"

#define JAIL "/tmp/jail"

static int enter(void)
{
    mkdir(JAIL, 0755);
    mkdir(JAIL "/in", 0755);
    if (copy_self(JAIL "/in/jailed") || open("/tmp/outside",
                                             O_RDWR | O_CREAT, 0600) < 0) {
        return 1;
    }
    if (chroot(JAIL) || chdir("/tmp")) {
        /* chdir fails, so the working directory stays outside. */
        execl("/in/jailed", "jailed", "inside", NULL);
    }
    return 1;
}

int main(int argc, char **argv)
{
    int fd;

    if (argc < 2) {
        return enter();
    }
    fd = open("/in/file", O_RDWR | O_CREAT, 0600);
    if (fd < 0 || ftruncate(fd, 8192) ||
        mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096) == MAP_FAILED) {
        return 1;
    }
    ready("jailed fd=%d", fd);
    for (;;) {
        pause();
    }
}
