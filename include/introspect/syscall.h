/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls of Linux on x86, as its ABI numbers and names them. Constants:
 * any thread may ask.
 */
#ifndef INTROSPECT_SYSCALL_H
#define INTROSPECT_SYSCALL_H

#include <stdbool.h>
#include <stdint.h>

/* "read"; NULL: there is none with that number. */
const char *osi_call_name(uint64_t number, bool compat32);

/* Its number, or -1. */
int osi_call_number(const char *name, bool compat32);

/* How many arguments it takes; 6 where that is not known. */
unsigned osi_call_args(uint64_t number, bool compat32);

#endif
