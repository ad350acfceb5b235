/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's first process: mounts what the programs need, starts the
 * oracle and then only buries the dead. When the oracle ends, the guest
 * ends: a test that waits sees the emulator exit instead of silence.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int mount_all(void)
{
    static const struct { const char *type, *where; } fs[] = {
        { "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" },
        { "tmpfs", "/tmp" },
    };

    for (unsigned i = 0; i < sizeof(fs) / sizeof(fs[0]); i++) {
        mkdir(fs[i].where, 0755);
        if (mount(fs[i].type, fs[i].where, fs[i].type, 0, NULL)) {
            if (errno != EBUSY) {
                return -1;
            }
        }
    }
    return 0;
}

static void open_console(void)
{
    int fd = open("/dev/console", O_RDWR);

    for (int i = 0; i < 3; i++) {
        dup2(fd, i);
    }
    if (fd > 2) {
        close(fd);
    }
}

int main(void)
{
    pid_t oracle, dead;

    if (mount_all()) {
        return 1;
    }
    open_console();
    oracle = fork();
    if (oracle == 0) {
        execl("/bin/oracle", "oracle", NULL);
        perror("init: /bin/oracle");
        _exit(127);
    }
    do {
        dead = wait(NULL);
    } while (dead != oracle && (dead > 0 || errno == EINTR));
    printf("init: the oracle ended\n");
    sync();
    reboot(RB_AUTOBOOT);
    return 1;
}
