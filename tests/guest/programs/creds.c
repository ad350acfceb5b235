/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Each id is another one, and so is each set of capabilities; in a control
 * group of its own.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "ready.h"

#define GROUP "/sys/fs/cgroup/outer"

/* A kernel without control groups is no failure: /proc says so too. */
static void move(void)
{
    int fd;

    mkdir(GROUP, 0755);
    mkdir(GROUP "/inner group", 0755);
    fd = open(GROUP "/inner group/cgroup.procs", O_WRONLY);
    if (fd >= 0) {
        if (write(fd, "0", 1) != 1) {
            perror("creds: cgroup.procs");
        }
        close(fd);
    }
}

int main(void)
{
    gid_t groups[40];
    struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct caps[2] = {
        { .effective = 0x4c0, .permitted = 0x4c1, .inheritable = 0x401 },
    };

    move();
    for (int i = 0; i < 40; i++) {
        groups[i] = 5000 + 3 * i;
    }
    prctl(PR_SET_KEEPCAPS, 1);
    if (setgroups(40, groups) || setresgid(2001, 2002, 2003) ||
        setresuid(1001, 1002, 1003)) {
        return 1;
    }
    caps[1].permitted = 0x10;
    if (syscall(SYS_capset, &head, caps)) {
        return 1;
    }
    prctl(PR_SET_NO_NEW_PRIVS, 1);
    ready("creds");
    for (;;) {
        pause();
    }
}
