/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens and closes a library again and again, a second copy of it in a
 * namespace of its own; each state has a function to stop in.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include "ready.h"

volatile unsigned long rounds;

__attribute__((noinline)) void none(void)
{
    rounds++;
}

__attribute__((noinline)) void one(void)
{
    rounds++;
}

__attribute__((noinline)) void two(void)
{
    rounds++;
}

int main(void)
{
    void *lib, *copy;

    ready("opens rounds=%p", (void *)&rounds);
    for (;;) {
        none();
        lib = dlopen("/lib/libplug.so", RTLD_NOW);
        one();
        copy = dlmopen(LM_ID_NEWLM, "/lib/libplug.so", RTLD_NOW);
        two();
        if (!lib || !copy) {
            return 1;
        }
        dlclose(copy);
        dlclose(lib);
    }
}
