/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places in the guest's time, as a person writes them. Main thread. */
#ifndef GDBX_PLACE_H
#define GDBX_PLACE_H

#define GDBX_PLACE_PARAMS "ICOUNT|PERCENT%|+N|-N|start|end|BOOKMARK"

/*
 * Takes a place off *@args: an instruction count. False: *@why says what is wrong
 * (g_free).
 */
bool gdbx_place(const char **args, uint64_t *icount, char **why);
/* Is @name a word that means a place already? */
bool gdbx_place_reserved(const char *name);
/* The last instruction that a replay can be in front of; 0: none is known. */
uint64_t gdbx_place_end(void);

/* --- monitor-when.c --- */
/* gdb is told of a stop: by @sig, with these pairs behind the thread. */
void gdbx_when_stopped(int sig, const char *more);
/* ... and what a person is told of it: an event in its own words. */
void gdbx_when_event(const char *text);

#endif
