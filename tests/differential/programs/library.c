/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libdiffer.so: opened at run time by libraries.c. */
#include <stdlib.h>

int library_calls = 40;
__thread int library_tls = 4242;

int library_step(int a)
{
    int b = a + 1;

    library_calls += b;
    library_tls++;
    return b;
}

int library_callback(int (*call)(int), int a)
{
    return call(a) + library_step(a);
}
