/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting the test programs and knowing that they run; see oracle.h. */
#define _GNU_SOURCE   /* pipe2 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include "oracle.h"

#define READY_FD 3

struct program programs[ORACLE_PROGRAMS];
int n_programs;

/* Reads the line of readiness; false if the program ended without one. */
static int read_line(int fd, char *line, size_t size)
{
    size_t n = 0;
    char c;

    while (n < size - 1 && read(fd, &c, 1) == 1) {
        if (c == '\n') {
            line[n] = '\0';
            return 1;
        }
        line[n++] = c;
    }
    return 0;
}

static void become(const char *name, int fd, char **argv)
{
    char path[128];

    setpriority(PRIO_PROCESS, 0, 0);
    dup2(fd, READY_FD);
    for (int i = READY_FD + 1; i < 64; i++) {
        close(i);
    }
    snprintf(path, sizeof(path), "%s%s", *name == '/' ? "" : "/bin/", name);
    execv(path, argv);
    perror(path);
    _exit(127);
}

static const char *spawn(char **argv, struct program **result)
{
    static char error[128];
    struct program *p = &programs[n_programs];
    int fds[2];

    if (n_programs >= ORACLE_PROGRAMS || pipe2(fds, O_CLOEXEC)) {
        return "too many programs";
    }
    snprintf(p->name, sizeof(p->name), "%s", argv[0]);
    p->pid = fork();
    if (p->pid == 0) {
        become(p->name, fds[1], argv);
    }
    close(fds[1]);
    if (p->pid < 0 || !read_line(fds[0], p->said, sizeof(p->said))) {
        close(fds[0]);
        snprintf(error, sizeof(error), "%s: did not start", p->name);
        return error;
    }
    close(fds[0]);
    n_programs++;
    *result = p;
    return NULL;
}

const char *spawn_list(char *names)
{
    char *argv[2] = { NULL, NULL };
    struct program *p;
    const char *error;

    while ((argv[0] = strsep(&names, ",")) != NULL) {
        if (argv[0][0] == '\0') {
            continue;
        }
        error = spawn(argv, &p);
        if (error) {
            return error;
        }
    }
    return NULL;
}

/* spawn NAME|PATH [ARGUMENT...]: prints the pid once the program says it runs. */
const char *cmd_spawn(int argc, char **argv)
{
    struct program *p;
    const char *error = spawn(argv + 1, &p);

    if (!error) {
        put_text("%d", p->pid);
    }
    return error;
}

/* programs: one line for each, pid, name, what it said. */
const char *cmd_programs(int argc, char **argv)
{
    for (int i = 0; i < n_programs; i++) {
        put_text("%d\t%s\t%s\n", programs[i].pid, programs[i].name,
                 programs[i].said);
    }
    return NULL;
}

static const char *read_counter(const struct program *p)
{
    const char *word = strstr(p->said, "counter=");
    unsigned long value = 0;
    char path[64];
    ssize_t n;
    int fd;

    if (!word) {
        return "it has no counter";
    }
    snprintf(path, sizeof(path), "/proc/%d/mem", p->pid);
    fd = open(path, O_RDONLY);
    n = pread(fd, &value, sizeof(value),
              strtoull(word + strlen("counter="), NULL, 16));
    close(fd);
    if (n <= 0) {
        return "cannot read its memory";
    }
    put_text("%lu", value);
    return NULL;
}

/* counter PID: the program's own counter, as it is now. */
const char *cmd_counter(int argc, char **argv)
{
    for (int i = 0; i < n_programs; i++) {
        if (programs[i].pid == atoi(argv[1])) {
            return read_counter(&programs[i]);
        }
    }
    return "no program with this pid";
}
