/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dump: what /proc says of every process and thread, in one answer, so that
 * little happens in the guest meanwhile. One record for each file or link:
 * "KIND PATH LENGTH\n" and LENGTH bytes; KIND is f for a file, l for the target
 * of a link. PATH is relative to /proc. What cannot be read has no record.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "oracle.h"

static const char *const of_process[] = {
    "maps", "cmdline", "auxv", "status", "cgroup", "environ", "statm",
};
static const char *const of_thread[] = {
    "schedstat", "syscall", "stack", "stat", "status", "comm",
};
static const char *const links[] = { "exe", "cwd", "root" };
static const char *const of_system[] = {
    "modules", "mounts", "version", "cmdline", "sys/kernel/hostname", "uptime",
};

#define EACH(i, list) (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)

static void put_record(char kind, const char *path, const char *data, size_t n)
{
    put_text("%c %s %zu\n", kind, path, n);
    put_data(data, n);
}

static void put_file(const char *dir, const char *name)
{
    static char *data;
    static size_t room;
    char path[320];
    size_t n = 0;
    ssize_t got;
    int fd;

    snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "", name);
    fd = open(path, O_RDONLY);
    if (fd < 0) {
        return;
    }
    do {
        if (room - n < 65536) {
            room += 65536;
            data = realloc(data, room);
        }
        got = read(fd, data + n, room - n);
        n += got > 0 ? got : 0;
    } while (got > 0);
    close(fd);
    if (got == 0) {
        put_record('f', path, data, n);
    }
}

static void put_link(const char *dir, const char *name)
{
    char path[320], target[4096];
    ssize_t n;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    n = readlink(path, target, sizeof(target));
    if (n >= 0) {
        put_record('l', path, target, n);
    }
}

typedef void (*entry_fn)(const char *dir, const char *name);

static void each_entry(const char *dir, entry_fn fn)
{
    DIR *d = opendir(*dir ? dir : ".");
    struct dirent *e;

    while (d && (e = readdir(d)) != NULL) {
        if (e->d_name[0] != '.') {
            fn(dir, e->d_name);
        }
    }
    if (d) {
        closedir(d);
    }
}

static void put_thread(const char *dir, const char *name)
{
    char path[300];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    for EACH(i, of_thread) {
        put_file(path, of_thread[i]);
    }
}

static void put_process(const char *dir, const char *name)
{
    char path[300];

    if (name[0] < '1' || name[0] > '9') {
        return;
    }
    snprintf(path, sizeof(path), "%s/task", name);
    each_entry(path, put_thread);
    for EACH(i, of_process) {
        put_file(name, of_process[i]);
    }
    for EACH(i, links) {
        put_link(name, links[i]);
    }
    snprintf(path, sizeof(path), "%s/ns", name);
    each_entry(path, put_link);
    snprintf(path, sizeof(path), "%s/fd", name);
    each_entry(path, put_link);
    snprintf(path, sizeof(path), "%s/fdinfo", name);
    each_entry(path, put_file);
}

const char *cmd_dump(int argc, char **argv)
{
    int here = open(".", O_RDONLY);

    if (chdir("/proc")) {
        return "no /proc";
    }
    for EACH(i, of_system) {
        put_file("", of_system[i]);
    }
    each_entry("", put_process);
    if (fchdir(here)) {
        return "cannot go back";
    }
    close(here);
    return NULL;
}
