/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Its executable, an open file, a mapped file and its working directory
 * have been deleted; another file has a new one in its old place.
 */
#include <sys/mman.h>
#include <sys/stat.h>
#include "elsewhere.h"
#include "ready.h"

static void *map(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT, 0600);

    if (fd < 0 || ftruncate(fd, 4096)) {
        return MAP_FAILED;
    }
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        if (copy_self("/tmp/deleted")) {
            return 1;
        }
        execl("/tmp/deleted", "deleted", "again", NULL);
        return 1;
    }
    mkdir("/tmp/deleted.dir", 0755);
    if (map("/tmp/deleted.map") == MAP_FAILED ||
        map("/tmp/deleted.old") == MAP_FAILED ||
        rename("/tmp/deleted.map", "/tmp/deleted.old") ||
        chdir("/tmp/deleted.dir") || rmdir("/tmp/deleted.dir") ||
        unlink("/tmp/deleted")) {
        return 1;
    }
    ready("deleted");
    for (;;) {
        pause();
    }
}
