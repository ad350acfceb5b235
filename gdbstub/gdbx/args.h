/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words behind `monitor gdbx NOUN'. gdb expands nothing in a `monitor'
 * line, so what arrives is text: numbers are written out, symbols do not exist.
 *
 * Pure: GLib and libc only.
 */
#ifndef GDBX_ARGS_H
#define GDBX_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest word, with its end. A longer one is cut and then is no number. */
#define GDBX_WORD_MAX 128

typedef char GdbxWord[GDBX_WORD_MAX];

/* The next word between blanks; *ARGS moves behind it. False: no more. */
bool gdbx_next_word(const char **args, GdbxWord word);

/* The same for a longer one; false when it does not fit. */
bool gdbx_next_path(const char **args, char *path, size_t size);

/* All of @word is a number of up to 64 bits, decimal or 0x... */
bool gdbx_word_number(const char *word, uint64_t *value);

#endif
