/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The oracle's wire and its plain commands; see oracle.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include "oracle.h"

static int port;
static int raw = -1;            /* where data goes instead, unframed */

static void put_bytes(int fd, const void *data, size_t n)
{
    const char *p = data;

    while (n > 0) {
        ssize_t done = write(fd, p, n);

        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            exit(1);
        }
        p += done;
        n -= done;
    }
}

void put_data(const void *data, size_t n)
{
    char head[24];

    if (raw >= 0) {
        put_bytes(raw, data, n);
    } else if (n > 0) {
        put_bytes(port, head, snprintf(head, sizeof(head), "+%zu\n", n));
        put_bytes(port, data, n);
    }
}

void put_text(const char *format, ...)
{
    char text[4096];
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    if (n > 0) {
        put_data(text, n < (int)sizeof(text) ? n : (int)sizeof(text) - 1);
    }
}

/* peek PID ADDRESS LENGTH: memory of a process. */
static const char *cmd_peek(int argc, char **argv)
{
    static char block[65536];
    size_t length = strtoul(argv[3], NULL, 0);
    char path[64];
    ssize_t n;
    int fd;

    if (length > sizeof(block)) {
        return "length over 65536";
    }
    snprintf(path, sizeof(path), "/proc/%d/mem", atoi(argv[1]));
    fd = open(path, O_RDONLY);
    n = pread(fd, block, length, strtoull(argv[2], NULL, 0));
    if (fd >= 0) {
        close(fd);
    }
    if (n < 0) {
        return strerror(errno);
    }
    put_data(block, n);
    return NULL;
}

/* kill PID SIGNAL */
static const char *cmd_kill(int argc, char **argv)
{
    return kill(atoi(argv[1]), atoi(argv[2])) ? strerror(errno) : NULL;
}

/* insmod PATH */
static const char *cmd_insmod(int argc, char **argv)
{
    int fd = open(argv[1], O_RDONLY);

    if (fd < 0 || syscall(SYS_finit_module, fd, "", 0)) {
        return strerror(errno);
    }
    close(fd);
    return NULL;
}

/* rmmod NAME */
static const char *cmd_rmmod(int argc, char **argv)
{
    return syscall(SYS_delete_module, argv[1], O_NONBLOCK) ? strerror(errno)
                                                           : NULL;
}

/* ping: proves that the guest runs. */
static const char *cmd_ping(int argc, char **argv)
{
    return NULL;
}

static const char *cmd_z(int argc, char **argv);

static const struct command {
    const char *name;
    int args;                     /* at least so many after the name */
    const char *(*run)(int argc, char **argv);
} commands[] = {
    { "ping", 0, cmd_ping },
    { "tasks", 0, cmd_tasks },
    { "dump", 0, cmd_dump },
    { "programs", 0, cmd_programs },
    { "read", 1, cmd_read },
    { "link", 1, cmd_link },
    { "write", 2, cmd_write },
    { "resident", 1, cmd_resident },
    { "peek", 3, cmd_peek },
    { "counter", 1, cmd_counter },
    { "spawn", 1, cmd_spawn },
    { "kill", 2, cmd_kill },
    { "insmod", 1, cmd_insmod },
    { "z", 1, cmd_z },
    { "rmmod", 1, cmd_rmmod },
};

static const char *run(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (argc > 0 && strcmp(argv[0], commands[i].name) == 0) {
            if (argc <= commands[i].args) {
                return "too few words";
            }
            return commands[i].run(argc, argv);
        }
    }
    return "no such command";
}

static int start_gzip(int in, int out)
{
    int pid = fork();

    if (pid == 0) {
        dup2(in, 0);
        dup2(out, 1);
        for (int fd = 3; fd < 64; fd++) {
            close(fd);
        }
        execl("/bin/busybox", "gzip", "-c", NULL);
        _exit(127);
    }
    return pid;
}

/*
 * z COMMAND...: the data of another command, compressed. Many bytes on a
 * serial port are slow; /proc/kallsyms has several millions.
 */
static const char *cmd_z(int argc, char **argv)
{
    int plain[2], packed[2], gzip, child, status = 0;
    const char *error;

    if (pipe(plain) || pipe(packed)) {
        return strerror(errno);
    }
    gzip = start_gzip(plain[0], packed[1]);
    child = fork();
    if (child == 0) {
        raw = plain[1];
        _exit(run(argc - 1, argv + 1) ? 1 : 0);
    }
    close(plain[0]);
    close(plain[1]);
    close(packed[1]);
    error = put_fd(packed[0]);
    close(packed[0]);
    waitpid(gzip, NULL, 0);
    waitpid(child, &status, 0);
    return error ? error : status ? "the command failed" : NULL;
}

static const char *serve(char *line)
{
    char *argv[16], *rest = line;
    int argc = 0;

    while (argc < 15 && (argv[argc] = strsep(&rest, " ")) != NULL) {
        argc++;
    }
    argv[argc] = NULL;
    return run(argc, argv);
}

static int open_port(void)
{
    int fd = open("/dev/ttyS1", O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios t;

    if (fd < 0 || tcgetattr(fd, &t)) {
        return -1;
    }
    cfmakeraw(&t);
    t.c_cflag |= CLOCAL;
    cfsetspeed(&t, B115200);
    return tcsetattr(fd, TCSANOW, &t) ? -1 : fd;
}

/* The value of gdbx.run= in the kernel's command line, "" without one. */
static char *run_list(void)
{
    static char line[4096];
    int fd = open("/proc/cmdline", O_RDONLY);
    ssize_t n = read(fd, line, sizeof(line) - 1);
    char *found;

    close(fd);
    line[n > 0 ? n : 0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    found = strstr(line, "gdbx.run=");
    if (!found) {
        return line + strlen(line);
    }
    found += strlen("gdbx.run=");
    found[strcspn(found, " ")] = '\0';
    return found;
}

static void answer(const char *error)
{
    char text[512];

    if (error) {
        put_bytes(port, text, snprintf(text, sizeof(text), "!%.500s\n", error));
    } else {
        put_bytes(port, ".\n", 2);
    }
}

int main(void)
{
    char line[ORACLE_LINE];
    const char *error;
    size_t n = 0;

    port = open_port();
    if (port < 0) {
        perror("oracle: /dev/ttyS1");
        return 1;
    }
    /* It must be heard above programs that never sleep. */
    setpriority(PRIO_PROCESS, 0, -20);
    error = spawn_list(run_list());
    if (error) {
        put_bytes(port, "!", 1);
        put_bytes(port, error, strlen(error));
        put_bytes(port, "\n", 1);
        return 1;
    }
    put_bytes(port, "*READY\n", 7);
    while (read(port, line + n, 1) == 1) {
        if (line[n] != '\n') {
            n = n < sizeof(line) - 1 ? n + 1 : 0;
            continue;
        }
        line[n] = '\0';
        n = 0;
        answer(serve(line));
    }
    return 1;
}
