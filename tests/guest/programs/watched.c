/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All ways to write to memory. A test puts a number into `what` (as a user
 * would with `set var`) and the program does that again and again. Two copies of
 * it (watch-a, watch-b) have everything at the same addresses.
 */
#include <fcntl.h>
#include <immintrin.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "ready.h"

#define SIZE (1 << 20)
#define PAGE 4096

volatile int what;
volatile unsigned long rounds;      /* times it has been done */
volatile long value __attribute__((aligned(64)));
volatile long after;                /* directly behind it */
unsigned char array[SIZE] __attribute__((aligned(PAGE)));
unsigned char wide[64] __attribute__((aligned(64)));
unsigned char saved[512] __attribute__((aligned(64)));
static unsigned char *first, *second;       /* two mappings of one page */
static int ends[2];
static uintptr_t physical;                  /* of *first, 0: not known */
static volatile uint32_t *edu;              /* a device that does DMA */

/* The line behind its instruction is where a stop is expected. */
__attribute__((noinline)) void store_long(long x)
{
    value = x;
}

__attribute__((noinline)) void store_around(long x)
{
    ((volatile int *)&value)[-1] = x;
    after = x;
}

__attribute__((noinline)) void straddle(long x)
{
    *(volatile long *)(array + PAGE - 4) = x;
}

__attribute__((noinline)) void rep_stos(unsigned char *to, int c, long n)
{
    asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(c) : "memory");
}

__attribute__((noinline)) void rep_movs(unsigned char *to,
                                        const unsigned char *from, long n)
{
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

__attribute__((noinline)) void lock_xadd(long x)
{
    asm volatile("lock xaddq %0, %1" : "+r"(x), "+m"(value));
}

__attribute__((noinline)) void lock_cmpxchg(long expect, long x)
{
    asm volatile("lock cmpxchgq %2, %1"
                 : "+a"(expect), "+m"(value) : "r"(x));
}

__attribute__((noinline)) void lock_cmpxchg16b(long lo, long hi, long x)
{
    asm volatile("lock cmpxchg16b %2"
                 : "+a"(lo), "+d"(hi), "+m"(*(__int128 *)wide)
                 : "b"(x), "c"(x));
}

__attribute__((noinline)) void store_sse(long x)
{
    _mm_store_si128((__m128i *)wide, _mm_set1_epi64x(x));
}

__attribute__((noinline, target("avx"))) void store_avx(long x)
{
    _mm256_storeu_si256((__m256i *)(wide + 8), _mm256_set1_epi64x(x));
}

__attribute__((noinline)) void store_fx(void)
{
    asm volatile("fxsave %0" : "=m"(saved));
}

/* The kernel writes: copy_to_user(). */
__attribute__((noinline)) void store_kernel(long x)
{
    if (write(ends[1], &x, sizeof(x)) != sizeof(x) ||
        read(ends[0], (void *)&value, sizeof(x)) != sizeof(x)) {
        exit(1);
    }
}

__attribute__((noinline)) void store_alias(long x)
{
    *(volatile long *)(second + 16) = x;
}

/* Through the alias first, so that @then may change nothing in memory. */
__attribute__((noinline)) void store_behind(long x, long then)
{
    *(volatile long *)(second + 16) = x;
    *(volatile long *)(first + 16) = then;
}

__attribute__((noinline)) long load_long(void)
{
    return value;
}

/* As much as a block of code can do: the speed of writes that change nothing. */
__attribute__((noinline)) void fill(unsigned char c)
{
    for (size_t i = 0; i < SIZE; i += 8) {
        *(volatile uint64_t *)(array + i) = c * 0x0101010101010101ull;
    }
}

/*
 * docs/specs/edu.rst in QEMU: 0x80 from, 0x88 to, 0x90 count, 0x98 command: 1
 * start, 2 out of the device's buffer (at 0x40000) into memory.
 */
static void dma(uint64_t from, uint64_t to, uint64_t command)
{
    volatile uint64_t *reg = (volatile uint64_t *)((char *)edu + 0x80);

    reg[0] = from;
    reg[1] = to;
    reg[2] = 16;
    reg[3] = command | 1;
    while (reg[3] & 1) {
        /* in progress */
    }
}

__attribute__((noinline)) void store_dma(long x)
{
    if (edu && physical) {
        *(volatile long *)(first + 64) = x;
        dma(physical + 64, 0x40000, 0);
        dma(0x40000, physical + 32, 2);
    }
}

static uintptr_t physical_of(void *p)
{
    int fd = open("/proc/self/pagemap", O_RDONLY);
    uint64_t entry = 0;

    if (fd < 0 || pread(fd, &entry, 8, (uintptr_t)p / PAGE * 8) != 8) {
        return 0;
    }
    close(fd);
    return entry >> 63 ? (entry & ((1ull << 55) - 1)) * PAGE : 0;
}

/* @slot: "0000:00:05.0" */
static void find_edu(const char *slot)
{
    char path[128];
    uint16_t command = 6;       /* memory space, bus master */
    int fd;

    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/enable", slot);
    fd = open(path, O_WRONLY);
    if (fd < 0 || write(fd, "1", 1) != 1) {
        return;
    }
    close(fd);
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", slot);
    fd = open(path, O_RDWR);
    if (fd < 0 || pwrite(fd, &command, 2, 4) != 2) {
        return;
    }
    close(fd);
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", slot);
    fd = open(path, O_RDWR);
    if (fd >= 0) {
        edu = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        edu = edu == MAP_FAILED ? NULL : edu;
    }
}

static void map_twice(void)
{
    int fd = memfd_create("twice", 0);

    if (fd < 0 || ftruncate(fd, PAGE)) {
        exit(1);
    }
    first = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    second = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (first == MAP_FAILED || second == MAP_FAILED) {
        exit(1);
    }
    memset(first, 1, PAGE);
    *(volatile char *)second = 1;
    mlock(first, PAGE);
    physical = physical_of(first);
}

static void turn(long n)
{
    switch (what) {
    case 1: store_long(n); break;
    case 2: store_long(5); break;
    case 3: store_around(n); break;
    case 4: straddle(n * 0x0101010101010101); break;
    case 5: rep_stos(array + 100, n, 16); break;
    case 6: rep_movs(array + 200, (unsigned char *)&n, 8); break;
    case 7: lock_xadd(1); break;
    case 8: lock_xadd(0); break;
    case 9: lock_cmpxchg(value, n); break;
    case 10: lock_cmpxchg(value + 1, n); break;
    case 11: lock_cmpxchg16b(*(long *)wide, *(long *)(wide + 8), n); break;
    case 12: store_sse(n); break;
    case 13: store_avx(n); break;
    case 14: store_fx(); break;
    case 15: store_kernel(n); break;
    case 16: store_alias(n); break;
    case 17: load_long(); break;
    case 18: fill(7); break;
    case 19: store_dma(n); break;
    case 20: value++; break;
    case 21: store_behind(n, n); break;
    case 22: store_behind(n, 99); break;
    }
    rounds++;
}

int main(int argc, char **argv)
{
    if (pipe(ends)) {
        return 1;
    }
    memset(array, 7, sizeof(array));
    map_twice();
    find_edu("0000:00:05.0");
    ready("%s counter=%p what=%p value=%p array=%p wide=%p saved=%p "
          "first=%p physical=%#lx edu=%d", argv[0], (void *)&rounds,
          (void *)&what, (void *)&value, (void *)array, (void *)wide,
          (void *)saved, (void *)first, (unsigned long)physical, edu != NULL);
    for (long n = 1;; n++) {
        turn(n);
    }
}
