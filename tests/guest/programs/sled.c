/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Thousands of instructions in a row at which all registers are known: those
 * of regs[]. Each round over them ends in done().
 */
#include "ready.h"

#define NOPS 4096

extern char sled[];
void run(void);
unsigned long regs[16];         /* in gdb's order; the stack pointer is not set */
unsigned char data[256];
volatile unsigned long go, rounds;

__asm__ (".text\n.globl run, sled\n"
         "run: push %rbx; push %rbp; push %r12; push %r13; push %r14\n"
         "push %r15\n"
         "mov regs+0, %rax; mov regs+8, %rbx; mov regs+16, %rcx\n"
         "mov regs+24, %rdx; mov regs+32, %rsi; mov regs+40, %rdi\n"
         "mov regs+48, %rbp; mov regs+64, %r8; mov regs+72, %r9\n"
         "mov regs+80, %r10; mov regs+88, %r11; mov regs+96, %r12\n"
         "mov regs+104, %r13; mov regs+112, %r14; mov regs+120, %r15\n"
         "sled: .fill 4096, 1, 0x90\n"
         "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
         "ret\n");

__attribute__((noinline, used)) void done(void)
{
    rounds++;
}

int main(void)
{
    regs[0] = go = data[0] = 0;         /* their pages are there */
    ready("sled sled=%p nops=%d regs=%p data=%p go=%p done=%p", (void *)sled,
          NOPS, (void *)regs, (void *)data, (void *)&go, (void *)done);
    for (;;) {
        if (go) {
            run();
            done();
        } else {
            usleep(1000);
        }
    }
}
