/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line that takes long, about 1e8 instructions: to step back over it is to go a
 * long way. Linked dynamically, as trail.c.
 */
#include "ready.h"

volatile unsigned long counter;

void far(long turns)
{
    while (turns--) {
        counter++;
    }
    counter = 0;                                    /* end of far */
}

int main(int argc, char **argv)
{
    ready("%s counter=%p", argv[0], (void *)&counter);
    for (;;) {
        far(12500000);                              /* call far */
        counter = 1;                                /* behind */
    }
}
