/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest's first process: mounts what the programs need, starts the
 * oracle and then only buries the dead. When the oracle ends, the guest
 * ends: a test that waits sees the emulator exit instead of silence.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODULES "/lib/modules/disk"

static int mount_all(void)
{
    static const struct { const char *type, *where; int needed; } fs[] = {
        { "proc", "/proc", 1 }, { "sysfs", "/sys", 1 },
        { "devtmpfs", "/dev", 1 }, { "tmpfs", "/tmp", 1 },
        { "cgroup2", "/sys/fs/cgroup", 0 },
    };

    for (unsigned i = 0; i < sizeof(fs) / sizeof(fs[0]); i++) {
        mkdir(fs[i].where, 0755);
        if (mount(fs[i].type, fs[i].where, fs[i].type, 0, NULL)) {
            if (errno != EBUSY && fs[i].needed) {
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

static void load(const struct dirent *e)
{
    char path[300];
    int fd, r;

    if (e->d_name[0] == '.') {
        return;
    }
    snprintf(path, sizeof(path), MODULES "/%s", e->d_name);
    fd = open(path, O_RDONLY);
    r = syscall(SYS_finit_module, fd, "", 0);
    if (r && errno != EEXIST) {
        perror(path);
    }
    close(fd);
}

/* A disk is there when its drivers are: then its programs are in /disk. */
static void mount_disk(void)
{
    struct dirent **list;
    int n = scandir(MODULES, &list, NULL, alphasort);

    if (n < 0) {
        return;
    }
    for (int i = 0; i < n; i++) {
        load(list[i]);
    }
    mkdir("/disk", 0755);
    if (mount("/dev/vda", "/disk", "ext4", 0, NULL)) {
        perror("init: /dev/vda");
    }
}

int main(void)
{
    pid_t oracle, dead;

    if (mount_all()) {
        return 1;
    }
    open_console();
    mount_disk();
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
