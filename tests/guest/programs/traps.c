/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exceptions of a user program, each at an instruction with a name, in the order
 * of make(). After a first round, which brings in all pages, "traps N" waits for
 * SIGUSR1, makes N rounds and rests; without N it never ends. Handlers let the
 * program go on behind the instruction.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "ready.h"

#define TF 0x100
#define HELLO 0x11223344

volatile unsigned long counter;
/* Of signals: how many, and what the last one said. */
volatile unsigned long seen, last_signal, last_code, last_address, last_pc;

/* Where each exception is raised. */
extern const char at_de[], at_ud[], at_bp[], at_db[], at_pf[], at_gp[],
    at_touch[], at_int[];

/* Bytes to go on behind; a trap is behind its instruction already. */
static int length_at(const char *pc)
{
    return pc == at_de ? 2 : pc == at_ud ? 2 : pc == at_pf ? 2 :
           pc == at_gp ? 1 : 0;
}

static void go(int sig)
{
}

static void handle(int sig, siginfo_t *info, void *context)
{
    greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

    seen++;
    last_signal = sig;
    last_code = info->si_code;
    last_address = (unsigned long)info->si_addr;
    last_pc = regs[REG_RIP];
    regs[REG_RIP] += length_at((const char *)regs[REG_RIP]);
    regs[REG_EFL] &= ~TF;
}

__attribute__((noinline)) void make(void *fresh)
{
    unsigned long a, d;

    asm volatile(".globl at_de\nat_de: divl %%ecx"
                 : "=a"(a), "=d"(d) : "a"(1), "d"(0), "c"(0));
    asm volatile(".globl at_ud\nat_ud: ud2");
    asm volatile(".globl at_bp\nat_bp: int3");
    /* The trap comes behind the first instruction that begins with TF set. */
    asm volatile("pushfq; orl %0, (%%rsp); popfq; nop\n"
                 ".globl at_db\nat_db: nop" : : "i"(TF) : "memory");
    asm volatile(".globl at_pf\nat_pf: movl %%eax, (%%rdx)"
                 : : "a"(1), "d"(16) : "memory");
    asm volatile(".globl at_gp\nat_gp: hlt");
    asm volatile(".globl at_touch\nat_touch: movl %%eax, (%%rdx)"
                 : : "a"(HELLO), "d"(fresh) : "memory");
    asm volatile(".globl at_int\nat_int: int $0x80"
                 : "=a"(a) : "a"(20) : "memory", "r8", "r9", "r10", "r11");
}

static int round_of(void)
{
    void *fresh = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (fresh == MAP_FAILED) {
        return 1;
    }
    make(fresh);
    counter++;
    return munmap(fresh, 4096);
}

int main(int argc, char **argv)
{
    static const int signals[] = { SIGFPE, SIGILL, SIGTRAP, SIGSEGV, SIGBUS };
    struct sigaction act = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };
    long rounds = argc > 1 ? atol(argv[1]) : -1;
    sigset_t usr1, none;

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        sigaction(signals[i], &act, NULL);
    }
    signal(SIGUSR1, go);
    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    if (round_of()) {
        return 1;
    }
    ready("traps counter=%p seen=%p de=%p ud=%p bp=%p db=%p pf=%p gp=%p "
          "touch=%p int=%p", (void *)&counter, (void *)&seen, at_de, at_ud,
          at_bp, at_db, at_pf, at_gp, at_touch, at_int);
    if (argc > 1) {
        sigsuspend(&none);
    }
    while (rounds-- && round_of() == 0) {
        continue;
    }
    for (;;) {
        pause();
    }
}
