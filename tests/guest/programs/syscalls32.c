/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 32-bit program without a C library that makes system calls, by INT 0x80 and
 * by the way that the kernel gives (SYSENTER or SYSCALL, in the vDSO), for ever.
 */
volatile unsigned long counter;
static unsigned long vdso_call;

static long by_int(long n, long a, long b, long c)
{
    long r;

    __asm__ volatile ("int $0x80" : "=a"(r)
                      : "a"(n), "b"(a), "c"(b), "d"(c) : "memory");
    return r;
}

/* Six arguments: the sixth is on the stack when the kernel gets it. */
long by_vdso(long n, long a, long b, long c, long d, long e, long f);
__asm__(".globl by_vdso\nby_vdso:\n"
        " push %ebx\n push %esi\n push %edi\n push %ebp\n"
        " mov 20(%esp),%eax\n mov 24(%esp),%ebx\n mov 28(%esp),%ecx\n"
        " mov 32(%esp),%edx\n mov 36(%esp),%esi\n mov 40(%esp),%edi\n"
        " mov 44(%esp),%ebp\n call *vdso_call\n"
        " pop %ebp\n pop %edi\n pop %esi\n pop %ebx\n ret\n");

#define AT_SYSINFO 32

void start_c(unsigned long *sp)
{
    static char line[] = "syscalls32 counter=0x00000000\n";
    unsigned long address = (unsigned long)&counter, *p = sp + *sp + 2;

    while (*p++) {
        /* the environment */
    }
    for (; *p; p += 2) {
        vdso_call = *p == AT_SYSINFO ? p[1] : vdso_call;
    }
    for (int digit = 28; digit > 20; digit--) {
        line[digit] = "0123456789abcdef"[address & 15];
        address >>= 4;
    }
    by_int(4, 3, (long)line, sizeof(line) - 1);
    by_int(6, 3, 0, 0);
    for (;;) {
        by_int(20, 0, 0, 0);                        /* getpid */
        by_int(3, -1, 0x1234, 7);                   /* read: EBADF */
        if (vdso_call) {
            by_vdso(64, 0, 0, 0, 0, 0, 0);          /* getppid */
            /* mmap2 of no length: EINVAL */
            by_vdso(192, 0x1000, 0, 3, 0x22, -1, 0x55);
        }
        counter++;
    }
}

__asm__(".globl _start\n_start: mov %esp,%eax\n xor %ebp,%ebp\n and $-16,%esp\n"
        " sub $12,%esp\n push %eax\n call start_c\n");
