/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A library with a thread-local variable; TLS_NAME tells its copies apart.
 */
#define PASTE2(a, b) a##b
#define PASTE(a, b) PASTE2(a, b)

static __thread char before[40];
__thread volatile long PASTE(tls_, TLS_NAME) = 7;

volatile long *PASTE(get_, TLS_NAME)(void)
{
    before[0]++;
    return &PASTE(tls_, TLS_NAME);
}
