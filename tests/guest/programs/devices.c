/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All ways to access a device from a program. A test puts a number into `what`
 * and the program does that again and again, each time with a value one larger.
 * The devices are QEMU's pc-testdev (ports 0xe0..0xe3 and 64 KiB of memory, both
 * keep what is written) and edu. `text` and `into` are the ends of string
 * instructions.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/io.h>
#include <sys/mman.h>
#include <unistd.h>
#include "ready.h"

#define PORT 0xe0
#define IOMEM 0xff000000ul
#define IOMEM_SIZE 0x10000
#define EDU_SIZE 0x100000

volatile int what;
volatile unsigned long rounds;      /* times it has been done */
volatile unsigned long now;         /* the value of this time */
volatile unsigned long got;         /* what was read */
unsigned char text[] = "abcdefgh";
unsigned char into[16];
static volatile unsigned char *iomem, *edu;

__attribute__((noinline)) void out_byte(unsigned x)
{
    asm volatile("outb %%al, %%dx" : : "a"(x), "d"(PORT));
}

__attribute__((noinline)) void out_word(unsigned x)
{
    asm volatile("outw %%ax, %%dx" : : "a"(x), "d"(PORT));
}

__attribute__((noinline)) void out_long(unsigned x)
{
    asm volatile("outl %%eax, %%dx" : : "a"(x), "d"(PORT));
}

__attribute__((noinline)) void out_immediate(unsigned x)
{
    asm volatile("outb %%al, $0xe1" : : "a"(x));
}

__attribute__((noinline)) unsigned in_byte(void)
{
    unsigned x = 0;

    asm volatile("inb %%dx, %%al" : "+a"(x) : "d"(PORT));
    return x;
}

__attribute__((noinline)) unsigned in_long(void)
{
    unsigned x = 0;

    asm volatile("inl %%dx, %%eax" : "+a"(x) : "d"(PORT));
    return x;
}

__attribute__((noinline)) void rep_outs(const void *from, long n)
{
    asm volatile("rep outsb" : "+S"(from), "+c"(n) : "d"(PORT) : "memory");
}

__attribute__((noinline)) void rep_ins(void *to, long n)
{
    asm volatile("rep insb" : "+D"(to), "+c"(n) : "d"(PORT) : "memory");
}

__attribute__((noinline)) void store_device(volatile void *at, unsigned x)
{
    *(volatile unsigned *)at = x;
}

__attribute__((noinline)) unsigned load_device(volatile void *at)
{
    return *(volatile unsigned *)at;
}

__attribute__((noinline)) void rep_movs(volatile void *to,
                                        const volatile void *from, long n)
{
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

/* An access in the middle of straight code. */
__attribute__((noinline)) unsigned among_others(volatile void *at, unsigned x)
{
    asm volatile("incl %0; incl %0; movl %0, %1; incl %0; movl %1, %0; incl %0"
                 : "+r"(x), "+m"(*(volatile unsigned *)at));
    return x;
}

/* Configuration space of 00:05.0, by 0xcf8 and 0xcfc. */
__attribute__((noinline)) unsigned read_config(unsigned reg)
{
    outl(0x80002800u | (reg & ~3u), 0xcf8);
    return inl(0xcfc);
}

__attribute__((noinline)) void write_config(unsigned reg, unsigned x)
{
    outl(0x80002800u | (reg & ~3u), 0xcf8);
    outb(x, 0xcfc + (reg & 3));
}

static void *map(const char *path, off_t offset, size_t size)
{
    int fd = open(path, O_RDWR | O_SYNC);
    void *p = fd < 0 ? MAP_FAILED
                     : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                            offset);

    return p == MAP_FAILED ? NULL : p;
}

static void enable_edu(void)
{
    int fd = open("/sys/bus/pci/devices/0000:00:05.0/enable", O_WRONLY);

    if (fd >= 0 && write(fd, "1", 1) == 1) {
        edu = map("/sys/bus/pci/devices/0000:00:05.0/resource0", 0, EDU_SIZE);
    }
}

static void turn(unsigned long n)
{
    switch (what) {
    case 1: out_byte(n); break;
    case 2: out_word(n); break;
    case 3: out_long(n); break;
    case 4: out_immediate(n); break;
    case 5: outl(n, PORT); got = in_byte(); break;
    case 6: outl(n, PORT); got = in_long(); break;
    case 7: rep_outs(text, 8); break;
    case 8: rep_ins(into, 8); break;
    case 9: store_device(iomem + 0x100, n & 0x7f); break;
    case 10: got = load_device(iomem + 0x100); break;
    case 11: rep_movs(iomem + 0x200, text, 8); break;
    case 12: rep_movs(into, iomem + 0x200, 8); break;
    case 13: rep_movs(iomem + 0x300, iomem + 0x200, 4); break;
    case 14: got = among_others(iomem + 0x100, n & 0x3f); break;
    case 15: store_device(edu + 4, n); got = load_device(edu + 4); break;
    case 16: got = read_config(0x10); break;
    case 17: write_config(0x3c, n); break;
    }
    rounds++;
}

int main(int argc, char **argv)
{
    iopl(3);
    iomem = map("/dev/mem", IOMEM, IOMEM_SIZE);
    enable_edu();
    ready("%s counter=%p what=%p now=%p got=%p text=%p into=%p iomem=%d edu=%d",
          argv[0], (void *)&rounds, (void *)&what, (void *)&now, (void *)&got,
          (void *)text, (void *)into, iomem != NULL, edu != NULL);
    for (unsigned long n = 1;; n++) {
        now = n;
        turn(n);
    }
}
