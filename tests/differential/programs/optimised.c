/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built with -O2: inlined functions, tail calls, values optimised away. */
#include "begin.h"

volatile int sink;
int seed = 7;

static inline __attribute__((always_inline)) int inner(int a)
{
    sink = a;
    return a * 3 + sink;
}

static inline __attribute__((always_inline)) int middle(int a)
{
    int m = inner(a + 1);

    sink = m;
    return m ^ 0x55;
}

__attribute__((noinline)) int target(int a)
{
    sink = a;
    return a + sink;
}

__attribute__((noinline)) int tail(int a)
{
    sink = a - 1;
    return target(a * 2);
}

__attribute__((noinline)) int outer(int a)
{
    int m = middle(a);

    sink = m + 1;
    return m + sink;
}

__attribute__((noinline)) int spread(const int *values, int n)
{
    int sum = 0;

    for (int i = 0; i < n; i++) {
        sum += values[i] * i;
    }
    return sum;
}

int main(void)
{
    static const int values[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    int r;

    begin("optimised");
    r = outer(seed);
    r += tail(r);
    r += spread(values, seed);
    r += outer(r);
    sink = r;
    return 0;
}
