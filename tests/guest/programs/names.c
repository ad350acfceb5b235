/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of files, of all kinds, below /tmp/names: links that are relative,
 * absolute, long, in a circle; a removed one; and a child that has another
 * file system mounted over one of the directories.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include "elsewhere.h"
#include "ready.h"

#define TOP "/tmp/names"

static int put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

    close(fd);
    return n < 0;
}

static int make_links(void)
{
    char slow[3000] = "";

    /* Too long for the inode; each "./" is nothing. */
    while (strlen(slow) < sizeof(slow) - 20) {
        strcat(slow, "./");
    }
    strcat(slow, "dir/file");
    return symlink("dir/file", TOP "/relative") ||
           symlink(TOP "/dir/../dir/./file", TOP "/absolute") ||
           symlink("circle", TOP "/circle") || symlink(slow, TOP "/slow") ||
           symlink("dir", TOP "/link") || symlink("nothing", TOP "/dangling");
}

/* In a mount namespace of its own. */
static int cover(void)
{
    return unshare(CLONE_NEWNS) ||
           mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
           mount("tmpfs", TOP "/over", "tmpfs", 0, NULL) ||
           put(TOP "/over/file", "above\n") || mkdir(TOP "/over/dir", 0755) ||
           mount("tmpfs", TOP "/over/dir", "tmpfs", 0, NULL) ||
           put(TOP "/over/dir/file", "higher\n");
}

int main(void)
{
    pid_t child;
    int told[2];
    char c = 0;

    mkdir(TOP, 0755);
    mkdir(TOP "/dir", 0755);
    mkdir(TOP "/over", 0755);
    if (put(TOP "/dir/file", "inner\n") || put(TOP "/over/file", "below\n") ||
        put(TOP "/gone", "gone\n") || unlink(TOP "/gone") || make_links() ||
        pipe(told)) {
        return 1;
    }
    child = fork();
    if (child == 0) {
        c = cover() ? errno : 0;
        close(READY_FD);
        if (write(told[1], &c, 1) != 1) {
            return 1;
        }
        for (;;) {
            pause();
        }
    }
    if (read(told[0], &c, 1) != 1 || c) {
        return 1;
    }
    ready("child=%d", child);
    for (;;) {
        pause();
    }
}
