/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can happen to a page of code while a breakpoint lies in it. One
 * situation a process, named by the argument. The program says where the
 * breakpoint belongs, waits until `go` is set, does it, counts what is
 * executed there, and calls done().
 *
 * counts[0]  at that address, by the process of "pid="
 * counts[1]  at that address, by another process
 * counts[2]  the same code at another address
 * counts[3]  bytes of code found changed, or a thing that went wrong
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "ready.h"

#define PAGE 4096ul
#define HUGE (2ul << 20)
#define OFFSET 0x340
#define A ((char *)0x20000000)
#define B ((char *)0x30000000)
#define RX (PROT_READ | PROT_EXEC)
#define RWX (RX | PROT_WRITE)

static volatile unsigned long *counts;
volatile unsigned long go;
static const char code[] = "\x48\xff\x07\xc3";      /* incq (%rdi); ret */

__attribute__((noinline, used)) void done(void)
{
    __asm__ volatile ("nop");
}

/* Counts by a known instruction, not by one that follows a prologue. */
void hot(volatile unsigned long *count);
__asm__ (".globl hot\nhot: incq (%rdi)\nret\n");

static void call(const char *at, int slot, int times)
{
    for (int i = 0; i < times; i++) {
        ((void (*)(volatile unsigned long *))at)(&counts[slot]);
    }
}

static void must(int good)
{
    counts[3] += !good;
}

static void fill(char *page, unsigned at)
{
    memset(page, 0x90, PAGE);
    memcpy(page + at, code, sizeof(code) - 1);
}

/* Is every byte of @page as fill() left it? */
static void intact(const char *page, unsigned at)
{
    char want[PAGE];

    fill(want, at);
    for (unsigned i = 0; i < PAGE; i++) {
        counts[3] += page[i] != want[i];
    }
}

static char *map(char *at, size_t size, int prot, int flags, int fd)
{
    char *p = mmap(at, size, prot, flags | (at ? MAP_FIXED : 0), fd, 0);

    must(p != MAP_FAILED);
    return p;
}

static char *anonymous(char *at, unsigned offset)
{
    char *p = map(at, PAGE, RWX, MAP_PRIVATE | MAP_ANONYMOUS, -1);

    fill(p, offset);
    return p;
}

/* A file with a page of code. */
static int code_file(void)
{
    char page[PAGE];
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0700);

    fill(page, OFFSET);
    must(fd >= 0 && write(fd, page, PAGE) == PAGE);
    return fd;
}

static void wait_go(void)
{
    while (!go) {
        usleep(1000);
    }
}

static void say(const void *where, int pid)
{
    ready("pages where=%p done=%p go=%p counts=%p pid=%d", where,
          (void *)done, (void *)&go, (void *)counts, pid);
}

static void begin(const void *where)
{
    go = 0;             /* its page is there */
    say(where, getpid());
    wait_go();
}

/*
 * The child does @body; it has ended when this returns. Its counts are there
 * first: an instruction that faults is executed, and hit, again.
 */
#define IN_CHILD(body) do {                     \
        pid_t child_ = fork();                  \
        if (child_ == 0) {                      \
            counts[5] = 1;                      \
            body;                               \
            _exit(0);                           \
        }                                       \
        must(waitpid(child_, NULL, 0) > 0);     \
    } while (0)

/* The page is in a file; its first execution brings it in. */
static void late_fault(void)
{
    map(A, PAGE, RX, MAP_PRIVATE, code_file());
    begin(A + OFFSET);
    call(A + OFFSET, 0, 10);
    intact(A, OFFSET);
}

static void mapped_later(void)
{
    begin(A + OFFSET);
    anonymous(A, OFFSET);
    call(A + OFFSET, 0, 7);
    intact(A, OFFSET);
}

static void shared_file(void)
{
    map(A, PAGE, RX, MAP_SHARED, code_file());
    call(A + OFFSET, 2, 1);
    begin(A + OFFSET);
    IN_CHILD(call(A + OFFSET, 1, 5));
    call(A + OFFSET, 0, 9);
    IN_CHILD(call(A + OFFSET, 1, 3));
    intact(A, OFFSET);
}

/* Two addresses of one page; the point is at the first. */
static void alias(void)
{
    int fd = code_file();

    map(A, PAGE, RX, MAP_SHARED, fd);
    map(B, PAGE, RX, MAP_SHARED, fd);
    begin(A + OFFSET);
    for (int i = 0; i < 5; i++) {
        call(B + OFFSET, 2, 10);
        call(A + OFFSET, 0, 1);
        call(B + OFFSET, 2, 10);
    }
    intact(B, OFFSET);
}

/* The page moves away, another takes its place. */
static void moved(void)
{
    anonymous(A, OFFSET);
    begin(A + OFFSET);
    call(A + OFFSET, 0, 3);
    must(mremap(A, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, B) == B);
    call(B + OFFSET, 2, 20);
    intact(B, OFFSET);
    anonymous(A, OFFSET);
    call(A + OFFSET, 0, 4);
    call(B + OFFSET, 2, 20);
    intact(A, OFFSET);
}

/* Other contents: the instruction begins there, then it does not. */
static void replaced(void)
{
    anonymous(A, OFFSET);
    begin(A + OFFSET);
    call(A + OFFSET, 0, 3);
    must(!munmap(A, PAGE));
    anonymous(A, OFFSET + 5);           /* nops lead there */
    call(A + OFFSET, 0, 4);
    intact(A, OFFSET + 5);
    must(!munmap(A, PAGE));
    anonymous(A, OFFSET - 1);           /* in the middle of incq */
    call(A + OFFSET - 1, 2, 5);
    intact(A, OFFSET - 1);
}

static void copied_on_write(void)
{
    int fd = code_file();
    char *file = map(B, PAGE, RX, MAP_SHARED, fd);

    map(A, PAGE, RX, MAP_PRIVATE, fd);
    call(A + OFFSET, 2, 1);
    begin(A + OFFSET);
    call(A + OFFSET, 0, 2);
    must(!mprotect(A, PAGE, RWX));
    A[OFFSET + 64] = 0x90;
    must(!mprotect(A, PAGE, RX));
    call(A + OFFSET, 0, 3);
    call(B + OFFSET, 2, 20);
    intact(A, OFFSET);
    intact(file, OFFSET);
}

static void forked(void)
{
    anonymous(A, OFFSET);
    begin(A + OFFSET);
    IN_CHILD(call(A + OFFSET, 1, 30));
    call(A + OFFSET, 0, 6);
    IN_CHILD(A[OFFSET + 64] = 0x90; call(A + OFFSET, 1, 3));
    intact(A, OFFSET);
}

static void forked_deep(void)
{
    begin((void *)hot);
    for (int i = 0; i < 5; i++) {
        IN_CHILD(call((char *)hot, 1, 2); IN_CHILD(call((char *)hot, 1, 2)));
        call((char *)hot, 0, 1);
    }
}

static void huge_page(void)
{
    int fd = open("/proc/sys/vm/nr_hugepages", O_WRONLY);
    char *p;

    must(fd >= 0 && write(fd, "8", 1) == 1);
    p = map((char *)0x40000000, HUGE, RWX,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
    begin(p + 0x123000 + OFFSET);
    fill(p + 0x123000, OFFSET);
    fill(p + 0x124000, OFFSET);
    call(p + 0x123000 + OFFSET, 0, 8);
    call(p + 0x124000 + OFFSET, 2, 8);
    intact(p + 0x123000, OFFSET);
}

/* Freed, then another process gets a page with the same code there. */
static void reused(void)
{
    anonymous(A, OFFSET);
    begin(A + OFFSET);
    call(A + OFFSET, 0, 4);
    must(!munmap(A, PAGE));
    IN_CHILD(anonymous(A, OFFSET); call(A + OFFSET, 1, 8));
    anonymous(A, OFFSET);
    call(A + OFFSET, 0, 2);
}

/* The followed one is a child that ends; its page is executed on. */
static void outlived(void)
{
    pid_t child;

    anonymous(A, OFFSET);
    child = fork();
    if (child == 0) {
        go = 0;         /* its page is the child's own */
        counts[4] = 1;
        wait_go();
        call(A + OFFSET, 0, 4);
        _exit(0);
    }
    while (!counts[4]) {
        usleep(1000);
    }
    say(A + OFFSET, child);
    must(waitpid(child, NULL, 0) == child);
    call(A + OFFSET, 1, 12);
    intact(A, OFFSET);
}

/* The code beside the point changes each time, and must be the new one. */
static void self_modifying(void)
{
    char *set = A + OFFSET + 16;
    int value;

    anonymous(A, OFFSET);
    memcpy(set, "\xb8\0\0\0\0\xc3", 6);         /* mov $0, %eax; ret */
    begin(A + OFFSET);
    for (int i = 0; i < 12; i++) {
        memcpy(set + 1, &i, sizeof(i));
        call(A + OFFSET, 0, 1);
        value = ((int (*)(void))set)();
        must(value == i);
    }
    /* The instruction itself: the next count. */
    A[OFFSET + 1] = 0x83;
    A[OFFSET + 2] = 0x07;
    A[OFFSET + 3] = 0x01;
    A[OFFSET + 4] = 0xc3;                       /* addq $1, (%rdi); ret */
    call(A + OFFSET, 0, 3);
}

/* An instruction of which one byte is on the second, late page. */
static void straddling(void)
{
    int fd = open("/tmp", O_TMPFILE | O_RDWR, 0700);
    char pages[2 * PAGE];

    memset(pages, 0x90, sizeof(pages));
    memcpy(pages + PAGE - 2, code, sizeof(code) - 1);
    must(write(fd, pages, sizeof(pages)) == sizeof(pages));
    map(A, 2 * PAGE, RX, MAP_PRIVATE, fd);
    begin(A + PAGE - 2);
    call(A + PAGE - 2, 0, 5);
    call(A + PAGE - 9, 0, 5);                   /* from before it */
    must(!madvise(A + PAGE, PAGE, MADV_DONTNEED));
    call(A + PAGE - 2, 0, 5);
    must(!memcmp(A, pages, sizeof(pages)));
}

/* A loop on the page passes by the point once in a thousand turns. */
static void hot_loop(void)
{
    static const char loop[] =
        "\x48\xff\xce"                  /* top: dec %rsi */
        "\x74\x0b"                      /* jz out */
        "\x48\xf7\xc6\xff\x03\x00\x00"  /* test $0x3ff, %rsi */
        "\x75\xf2"                      /* jnz top */
        "\xeb\x01"                      /* jmp count */
        "\xc3"                          /* out: ret */
        "\x48\xff\x07"                  /* count: incq (%rdi) */
        "\xeb\xea";                     /* jmp top */

    anonymous(A, OFFSET + 256);
    memcpy(A, loop, sizeof(loop) - 1);
    begin(A + 17);
    ((void (*)(volatile unsigned long *, long))A)(&counts[0], 20 * 1024);
}

/* The same offset on other pages, and the middle of an instruction. */
static void same_offset(void)
{
    for (int i = 0; i < 16; i++) {
        anonymous(A + i * PAGE, OFFSET);
    }
    begin(A + 3 * PAGE + OFFSET);
    for (int i = 0; i < 16; i++) {
        call(A + i * PAGE + OFFSET, i == 3 ? 0 : 2, 4);
        intact(A + i * PAGE, OFFSET);
    }
}

static void not_an_instruction(void)
{
    anonymous(A, OFFSET);
    begin(A + OFFSET + 1);
    call(A + OFFSET, 2, 40);
    intact(A, OFFSET);
}

/* exec puts the same program at the same addresses: a new address space. */
static void executed_anew(void)
{
    begin((void *)hot);
    call((char *)hot, 0, 2);
    execl("/bin/pages", "pages", "second_life", NULL);
    must(0);
}

static void second_life(void)
{
    call((char *)hot, 0, 3);
    done();
    call((char *)hot, 0, 4);
}

/* The place is in the kernel's text, which large pages map. */
static void kernel_text(void)
{
    begin((void *)-1ul);
    for (; counts[0] < 20; counts[0]++) {
        syscall(SYS_getppid);
    }
}

static const struct {
    const char *name;
    void (*run)(void);
} situations[] = {
#define S(name) { #name, name }
    S(late_fault), S(mapped_later), S(shared_file), S(alias), S(moved),
    S(replaced), S(copied_on_write), S(forked), S(forked_deep), S(huge_page),
    S(reused), S(outlived), S(self_modifying), S(straddling), S(hot_loop),
    S(same_offset), S(not_an_instruction), S(executed_anew), S(second_life),
    S(kernel_text),
};

int main(int argc, char **argv)
{
    counts = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    counts[5] = 1;
    for (unsigned i = 0; i < sizeof(situations) / sizeof(*situations); i++) {
        if (argc > 1 && !strcmp(argv[1], situations[i].name)) {
            situations[i].run();
            done();
            for (;;) {
                pause();
            }
        }
    }
    return 1;
}
