/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions of each class, in code that is executed once a round from one
 * end to the other (insns_begin to insns_end), so that what a disassembler
 * counts there is what a round executes. Then calls of many kinds, at the
 * bottom of which leaf() is.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "ready.h"

volatile unsigned long counter;
volatile long leaves;
static jmp_buf back;

/* Once a round, behind everything. */
__attribute__((noinline, used)) void round_over(void)
{
    counter++;
}

__asm__(
"    .text\n"
"    .globl insns, insns_begin, insns_end, insns_callee\n"
"insns_begin:\n"
"insns:\n"
"    push %rbx\n"
"    call insns_callee\n"
"    call insns_callee\n"
"    call insns_callee\n"
"    lea insns_callee(%rip), %rax\n"
"    call *%rax\n"
"    push %rax\n"
"    call *(%rsp)\n"
"    pop %rax\n"
"    jmp 1f\n"
"1:  lea 2f(%rip), %rax\n"
"    jmp *%rax\n"
"2:  xor %eax, %eax\n"
"    cpuid\n"
"    rdtsc\n"
"    rdtsc\n"
"    movd %eax, %xmm0\n"
"    addps %xmm1, %xmm0\n"
"    pxor %xmm0, %xmm0\n"
"    fld1\n"
"    fldz\n"
"    fstp %st(0)\n"
"    fstp %st(0)\n"
"    std\n"
"    cld\n"
"    lea -64(%rsp), %rdi\n"
"    mov $20, %ecx\n"
"    rep stosb\n"
"    stosb\n"
"    lock incl -8(%rsp)\n"
"    lock addl $1, -16(%rsp)\n"
"    mov $110, %eax\n"                  /* getppid */
"    syscall\n"
"    cmp %eax, %eax\n"
"    jne 3f\n"
"    je 4f\n"
"3:  nop\n"
"4:  mov %rsp, %rbx\n"
"    sub $32, %rsp\n"
"    mov %rbx, %rsp\n"
"    pop %rbx\n"
"    ret\n"
"insns_callee:\n"
"    ret\n"
"insns_end:\n");

void insns(void);

/*
 * Each touches pages that are not there yet, so the kernel comes in between:
 * the first in the middle of a repetition.
 */
__asm__(
"    .globl faulting, faulting_begin, faulting_end\n"
"faulting_begin:\n"
"faulting:\n"
"    mov $12288, %ecx\n"
"    xor %eax, %eax\n"
"    rep stosb\n"
"    lock incl (%rdi)\n"
"    ret\n"
"faulting_end:\n");

void faulting(void *pages);
#define PAGES (4 * 4096)

__attribute__((noinline, used)) void leaf(long n)
{
    leaves += n;
}

__attribute__((noinline)) static long deep(long n)
{
    long inner = 0;

    if (n) {
        inner = deep(n - 1);
    } else {
        leaf(n);
    }
    leaves -= n;
    return inner + 1;
}

static int compare(const void *a, const void *b)
{
    leaf(1);
    return *(const int *)a - *(const int *)b;
}

__attribute__((noinline)) static void jump_out(int n)
{
    if (n) {
        jump_out(n - 1);
        leaves++;
    } else {
        longjmp(back, 1);
    }
}

__attribute__((noinline)) static void round_of_calls(void)
{
    static void (*volatile pointer)(long) = leaf;
    int two[2] = { 2, 1 };

    deep(20);
    qsort(two, 2, sizeof(two[0]), compare);
    if (!setjmp(back)) {
        jump_out(9);
    }
    pointer(2);
    leaves++;
}

int main(int argc, char **argv)
{
    void *pages = mmap(NULL, PAGES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    ready("%s counter=%p", argv[0], (void *)&counter);
    for (;;) {
        madvise(pages, PAGES, MADV_DONTNEED);
        faulting(pages);
        insns();
        round_of_calls();
        round_over();
    }
}
