/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 64-bit mode: where CPUs arrive, traps, user mode, single instructions. */
#include "bare.h"

        .text
        .globl  enter64
enter64:
        mov     $KDATA, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     %eax, %fs
        mov     %eax, %gs
        lgdt    gdtr64
        mov     $1, %eax
        cpuid
        shr     $24, %ebx
        mov     %ebx, %edi
        shl     $13, %ebx
        lea     STACK64 + 0x2000(%rbx), %rsp
        xor     %ebp, %ebp
        call    bare_main
1:      hlt
        jmp     1b

/* Each access at one place: its program counter is known. */
        .macro  access name, insn:vararg
        .globl  \name, \name\()_at
\name:
        mov     %edi, %edx
        mov     %rsi, %rax
\name\()_at:
        \insn
        ret
        .endm
        .macro  memory name, insn:vararg
        .globl  \name, \name\()_at
\name:
        mov     %rsi, %rax
\name\()_at:
        \insn
        ret
        .endm
        access  out1, out %al, %dx
        access  out2, out %ax, %dx
        access  out4, out %eax, %dx
        access  in1, in %dx, %al
        access  in2, in %dx, %ax
        access  in4, in %dx, %eax
        memory  store1, movb %al, (%rdi)
        memory  store2, movw %ax, (%rdi)
        memory  store4, movl %eax, (%rdi)
        memory  store8, movq %rax, (%rdi)
        memory  load1, movb (%rdi), %al
        memory  load2, movw (%rdi), %ax
        memory  load4, movl (%rdi), %eax
        memory  load8, movq (%rdi), %rax

        .globl  read_msr, read_msr_at, write_msr, write_msr_at
read_msr:
        mov     %edi, %ecx
read_msr_at:
        rdmsr
        shl     $32, %rdx
        mov     %eax, %eax
        or      %rdx, %rax
        ret
write_msr:
        mov     %edi, %ecx
        mov     %esi, %eax
        mov     %rsi, %rdx
        shr     $32, %rdx
write_msr_at:
        wrmsr
        ret

/* string_out1(port, from, count) and so on */
        .macro  string name, insn:vararg
        .globl  \name, \name\()_at
\name:
        xchg    %rdi, %rdx
        mov     %rdi, %rcx
        mov     %rsi, %rdi
\name\()_at:
        \insn
        ret
        .endm
        string  string_out1, rep outsb
        string  string_out2, rep outsw
        string  string_out4, rep outsl
        string  string_in1, rep insb
        string  string_in2, rep insw
        string  string_in4, rep insl

/* go_user(struct percpu *, function, stack): until it asks to leave. */
        .globl  go_user, user_left
go_user:
        push    %rbx
        push    %rbp
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        mov     %rsp, (%rdi)
        pushq   $(UDATA | 3)
        pushq   %rdx
        pushq   $0x3002                 /* I/O is allowed */
        pushq   $(U64 | 3)
        pushq   %rsi
        iretq
user_left:
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret

/* SYSCALL: one more than it was given; no stack is needed. */
        .globl  syscall_entry, do_syscall, do_syscall_at
syscall_entry:
        inc     %rax
        sysretq
do_syscall:
        mov     %rdi, %rax
do_syscall_at:
        syscall
        ret

        .balign 16
        .globl  stubs64
stubs64:
        .set    n, 0
        .rept   96
        .if     (n != 8) && (n != 10) && (n != 11) && (n != 12) && (n != 13) && (n != 14) && (n != 17)
        push    $0
        .endif
        push    $n
        jmp     trap64
        .balign 16
        .set    n, n + 1
        .endr

trap64:
        push    %rax
        push    %rcx
        push    %rdx
        push    %rbx
        push    %rbp
        push    %rsi
        push    %rdi
        push    %r8
        push    %r9
        push    %r10
        push    %r11
        push    %r12
        push    %r13
        push    %r14
        push    %r15
        cld
        mov     %rsp, %rdi
        call    trap
        pop     %r15
        pop     %r14
        pop     %r13
        pop     %r12
        pop     %r11
        pop     %r10
        pop     %r9
        pop     %r8
        pop     %rdi
        pop     %rsi
        pop     %rbp
        pop     %rbx
        pop     %rdx
        pop     %rcx
        pop     %rax
        add     $16, %rsp
        iretq

/* System management mode: a copy of this is at its entry. */
        .code16
        .globl  smm_code, smm_end
smm_code:
        rsm
smm_end:
        .section .note.GNU-stack, "", @progbits
