/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dynamic: callbacks out of libc, a library opened and closed at run time. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include "begin.h"

int compared, called;
__thread int own_tls = 11;
int values[6] = { 5, 3, 9, 1, 7, 2 };

int compare(const void *a, const void *b)
{
    compared++;
    return *(const int *)a - *(const int *)b;
}

int from_library(int a)
{
    called += a;
    return called;
}

int opened(void *library)
{
    int (*step)(int) = (int (*)(int))dlsym(library, "library_step");
    int (*callback)(int (*)(int), int) =
        (int (*)(int (*)(int), int))dlsym(library, "library_callback");

    return step(1) + callback(from_library, 2);
}

void closed(void)
{
    called = -1;
}

void at_the_end(void)
{
    called = -2;
}

int main(int argc, char **argv)
{
    char path[512] = "";
    void *library;
    int r;

    atexit(at_the_end);
    if (readlink("/proc/self/exe", path, 400) < 0) {
        return 1;
    }
    strcpy(strrchr(path, '/'), "/libdiffer.so");
    begin("libraries");
    own_tls++;
    qsort(values, 6, sizeof(int), compare);
    library = dlopen(path, RTLD_NOW);
    if (!library) {
        return 2;
    }
    r = opened(library);
    dlclose(library);
    closed();
    return r;
}
