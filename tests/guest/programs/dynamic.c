/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dynamically linked, position independent, with a library opened at run
 * time: the case for the dynamic linker's list of objects.
 */
#include <dlfcn.h>
#include "ready.h"

volatile unsigned long counter;

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
    ready("dynamic counter=%p main=%p plug=%p", (void *)&counter,
          (void *)main, (void *)step);
    for (;;) {
        counter = step(counter);
    }
}
