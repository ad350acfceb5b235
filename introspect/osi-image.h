/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tool osi-image: its commands, for its own two files. */
#ifndef INTROSPECT_OSI_IMAGE_H
#define INTROSPECT_OSI_IMAGE_H

#include "introspect/provider.h"

typedef struct OsiImageCommand {
    const char *name, *arg, *help;      /* arg NULL: takes none */
    int (*run)(OsiGuest *g, const char *arg);   /* exit status */
} OsiImageCommand;

extern const OsiImageCommand osi_image_commands[];
extern const size_t osi_image_n_commands;

/* OsiCpu: what the registers file says; "time" stops again and again. */
extern GArray *osi_image_registers;

/* osi-image-layout.c */
int osi_image_layout(OsiGuest *g, const char *arg);

/*
 * What the registers file @path says, as OsiCpu; unref it. One line and exit
 * status 1 when it cannot be read.
 */
GArray *osi_image_load_registers(const char *path);

#endif
