/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In the kernel when gdb comes: it waits for a signal that nobody sends. */
#include <signal.h>
#include "begin.h"

volatile int woken;

int wait_long(int a)
{
    woken += a;
    pause();
    return woken;
}

int main(void)
{
    struct { int a; char b[12]; } local = { 3, "sleeping" };

    go = 0;
    local.a++;
    if (write(BEGIN_FD, "sleeping\n", 9) == 9) {
        close(BEGIN_FD);
    }
    return wait_long(local.a);
}
