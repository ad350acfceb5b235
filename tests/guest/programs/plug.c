/* SPDX-License-Identifier: GPL-2.0-or-later */
/* libplug.so, opened by dynamic.c. */
volatile long plug_signature = 0x706c756721;

unsigned long plug_step(unsigned long i)
{
    return i + 1;
}
