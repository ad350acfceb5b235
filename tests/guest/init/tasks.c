/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tasks: every thread as one line of JSON, from /proc/PID/task/TID/stat and
 * status. Threads that end while being read are left out.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "oracle.h"

struct stat_line {
    char comm[64];
    char state;
    long ppid, cpu;
    unsigned long flags;
    unsigned long long start;
};

static ssize_t slurp(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY);
    ssize_t n = -1;

    if (fd >= 0) {
        n = read(fd, text, size - 1);
        close(fd);
    }
    text[n > 0 ? n : 0] = '\0';
    return n;
}

/* The name may hold blanks and brackets: it ends at the last ')'. */
static int parse_stat(char *text, struct stat_line *s)
{
    char *open_par = strchr(text, '('), *close_par = strrchr(text, ')');

    if (!open_par || !close_par || close_par < open_par) {
        return 0;
    }
    *close_par = '\0';
    snprintf(s->comm, sizeof(s->comm), "%s", open_par + 1);
    /* Fields 3, 4, 9, 22 and 39 of proc(5). */
    return sscanf(close_par + 2,
                  "%c %ld %*d %*d %*d %*d %lu %*u %*u %*u %*u %*u %*u %*d %*d "
                  "%*d %*d %*d %*d %llu %*u %*d %*u %*u %*u %*u %*u %*u %*u "
                  "%*u %*u %*u %*u %*u %*u %*d %ld",
                  &s->state, &s->ppid, &s->flags, &s->start, &s->cpu) == 5;
}

static long uid_of(const char *dir)
{
    char path[128], text[4096], *line;

    snprintf(path, sizeof(path), "%s/status", dir);
    slurp(path, text, sizeof(text));
    line = strstr(text, "\nUid:");
    return line ? strtol(line + 5, NULL, 10) : -1;
}

static void put_quoted(const char *text)
{
    char out[512];
    size_t n = 0;

    for (; *text && n < sizeof(out) - 8; text++) {
        unsigned char c = *text;

        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') {
            n += snprintf(out + n, 8, "\\u%04x", c);
        } else {
            out[n++] = c;
        }
    }
    out[n] = '\0';
    put_text("\"%s\"", out);
}

static void put_task(const char *tgid, const char *tid)
{
    char dir[96], path[128], text[1024];
    struct stat_line s;

    snprintf(dir, sizeof(dir), "/proc/%.20s/task/%.20s", tgid, tid);
    snprintf(path, sizeof(path), "%s/stat", dir);
    if (slurp(path, text, sizeof(text)) <= 0 || !parse_stat(text, &s)) {
        return;
    }
    put_text("{\"tgid\": %s, \"tid\": %s, \"ppid\": %ld, \"uid\": %ld, "
             "\"state\": \"%c\", \"cpu\": %ld, \"flags\": %lu, "
             "\"start\": %llu, \"comm\": ", tgid, tid, s.ppid, uid_of(dir),
             s.state, s.cpu, s.flags, s.start);
    put_quoted(s.comm);
    put_text("}\n");
}

static void put_process(const char *tgid)
{
    char path[64];
    struct dirent *e;
    DIR *dir;

    snprintf(path, sizeof(path), "/proc/%.20s/task", tgid);
    dir = opendir(path);
    while (dir && (e = readdir(dir)) != NULL) {
        if (e->d_name[0] != '.') {
            put_task(tgid, e->d_name);
        }
    }
    if (dir) {
        closedir(dir);
    }
}

const char *cmd_tasks(int argc, char **argv)
{
    DIR *dir = opendir("/proc");
    struct dirent *e;

    if (!dir) {
        return "no /proc";
    }
    while ((e = readdir(dir)) != NULL) {
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9') {
            put_process(e->d_name);
        }
    }
    closedir(dir);
    return NULL;
}
