/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The oracle tells a test what the guest knows of itself, over the second
 * serial port. It is the truth that introspection from outside is compared
 * with, so it only ever reads what the kernel prints.
 *
 * Wire: a request is one line of at most 1023 bytes, words separated by one
 * blank. An answer is any number of data frames "+LENGTH\n" followed by
 * LENGTH bytes, then ".\n" for success or "!TEXT\n" for an error. A line
 * "*TEXT\n" is an event; the only one is "*READY", sent once when all
 * programs named on the kernel command line (gdbx.run=A,B,...) run.
 */
#ifndef GUEST_ORACLE_H
#define GUEST_ORACLE_H

#include <stddef.h>
#include <sys/types.h>

#define ORACLE_LINE 1024
#define ORACLE_PROGRAMS 64

struct program {
    char name[64];
    char said[256];               /* its line of readiness */
    pid_t pid;
};

extern struct program programs[ORACLE_PROGRAMS];
extern int n_programs;

/* Wire (oracle.c). All block; a dead port ends the oracle. */
void put_data(const void *data, size_t n);
__attribute__((format(printf, 1, 2))) void put_text(const char *format, ...);

/* All that is to be read there as data (files.c); NULL or an error. */
const char *put_fd(int fd);

/* Commands; each returns NULL or the text of an error. */
const char *cmd_tasks(int argc, char **argv);      /* tasks.c */
const char *cmd_dump(int argc, char **argv);       /* dump.c */
const char *cmd_read(int argc, char **argv);       /* files.c */
const char *cmd_write(int argc, char **argv);      /* files.c */
const char *cmd_link(int argc, char **argv);       /* files.c */
const char *cmd_resident(int argc, char **argv);   /* files.c */
const char *cmd_spawn(int argc, char **argv);      /* spawn.c */
const char *cmd_programs(int argc, char **argv);   /* spawn.c */
const char *cmd_counter(int argc, char **argv);    /* spawn.c */

/* Starts programs[] from a comma-separated list; NULL or an error. */
const char *spawn_list(char *names);

#endif
