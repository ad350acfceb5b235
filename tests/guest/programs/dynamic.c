/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dynamically linked, position independent, with a library opened at run
 * time: the case for the dynamic linker's list of objects.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include "ready.h"

volatile unsigned long counter;

static int put_object(struct dl_phdr_info *info, size_t size, void *to)
{
    fprintf(to, "%lx %s\n", (unsigned long)info->dlpi_addr, info->dlpi_name);
    return 0;
}

/* What the dynamic linker says of itself, in a file: /tmp/objects.PID. */
static void put_objects(void)
{
    char path[64];
    FILE *f;

    snprintf(path, sizeof(path), "/tmp/objects.%d", getpid());
    f = fopen(path, "w");
    if (f) {
        dl_iterate_phdr(put_object, f);
        fclose(f);
    }
}

int main(void)
{
    void *lib = dlopen("/lib/libplug.so", RTLD_NOW);
    unsigned long (*step)(unsigned long) = NULL;

    if (lib) {
        step = (unsigned long (*)(unsigned long))dlsym(lib, "plug_step");
    }
    if (!step) {
        return 1;
    }
    put_objects();
    ready("dynamic counter=%p main=%p plug=%p", (void *)&counter,
          (void *)main, (void *)step);
    for (;;) {
        counter = step(counter);
    }
}
