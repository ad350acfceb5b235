/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Work to be measured, of a kind that the argument names. Each turn of it adds
 * to `counter`. Linked with the shared C library.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "ready.h"

#define ARRAY (1 << 20)

struct pair {
    long x, y;
};

volatile unsigned long counter;
static struct pair one = { 1, 2 };
static long cells[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static volatile long array[ARRAY / sizeof(long)]
    __attribute__((aligned(4096)));
static volatile long other[ARRAY / sizeof(long)]
    __attribute__((aligned(4096)));
static long (*volatile library)(long) = labs;

__attribute__((noinline)) unsigned long hot(struct pair *p, long *a,
                                            unsigned long i)
{
    counter = i + p->x + (a[i & 7] >> 8);
    return i + 1;
}

static void idle(void)
{
    pause();
}

static void call_hot(void)
{
    for (unsigned long i = 0;;) {
        i = hot(&one, cells, i);
    }
}

static void call_library(void)
{
    for (unsigned long i = 0;; i++) {
        library(i);
        counter = i;
    }
}

static void compute(void)
{
    for (unsigned long i = 0, x = 1;; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        counter = i + (x == 0);
    }
}

static void system_calls(void)
{
    for (;;) {
        syscall(SYS_getppid);
        counter++;
    }
}

/* A page fault, and the call that makes the next one. */
static void page_faults(void)
{
    volatile char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (;;) {
        page[0] = 1;
        madvise((void *)page, 4096, MADV_DONTNEED);
        counter++;
    }
}

static void ports(void)
{
    if (ioperm(0x80, 1, 1)) {
        exit(1);
    }
    for (;;) {
        outb(1, 0x80);
        counter++;
    }
}

/* Addresses that no device has: the memory of one to a CPU all the same. */
static void device_memory(void)
{
    int fd = open("/dev/mem", O_RDWR | O_SYNC);
    volatile unsigned *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
                                fd, 0xff000000ul);

    if (p == MAP_FAILED) {
        exit(1);
    }
    for (;;) {
        *p;
        counter++;
    }
}

/* Users' code, system calls, processes: a bit of all. */
static void mixture(void)
{
    for (;;) {
        for (unsigned long i = 0; i < 20000; i++) {
            library(i);
        }
        for (int i = 0; i < 100; i++) {
            syscall(SYS_getppid);
        }
        if (fork() == 0) {
            execl("/bin/busybox", "true", NULL);
            _exit(1);
        }
        wait(NULL);
        counter++;
    }
}

/* Every cell gets the value that it has. */
static void write_array(volatile long *to)
{
    for (;;) {
        for (unsigned i = 0; i < ARRAY / sizeof(long); i++) {
            to[i] = 0;
        }
        counter += ARRAY / sizeof(long);
    }
}

static void writes(void)
{
    write_array(array);
}

static void writes_elsewhere(void)
{
    write_array(other);
}

static const struct {
    const char *name;
    void (*run)(void);
} kinds[] = {
#define K(name) { #name, name }
    K(idle), K(call_hot), K(call_library), K(compute), K(system_calls),
    K(mixture), K(writes), K(writes_elsewhere), K(page_faults), K(ports),
    K(device_memory),
};

int main(int argc, char **argv)
{
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        if (argc > 1 && !__builtin_strcmp(argv[1], kinds[i].name)) {
            array[0] = 0;       /* there, though most kinds do not use it */
            ready("%s counter=%p hot=%p labs=%p array=%p size=%d", argv[1],
                  (void *)&counter, (void *)hot, (void *)library,
                  (void *)array, ARRAY);
            kinds[i].run();
        }
    }
    return 1;
}
