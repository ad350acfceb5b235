/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A boot sector that goes through all modes and back: real, protected, long,
 * protected, real. At each label *_here registers have values of their own;
 * code and stack of real mode are in segments that do not begin at 0.
 */
        .globl  start, real_here, prot_here, long_here, prot2_here, real2_here, word
        .code16
start:
        cli
        ljmp    $0x7c0, $(real - start)
real:
        mov     $0x1000, %ax
        mov     %ax, %ss
        mov     $0x800, %sp
        xor     %ax, %ax
        mov     %ax, %ds
        mov     $0x1234, %bx
        pushw   $0x5678
real_here:
        nop
        nop
        lgdtl   gdtr
        mov     %cr0, %eax
        or      $1, %eax
        mov     %eax, %cr0
        ljmpl   $8, $prot

        .code32
prot:
        mov     $0x10, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     $0x9000, %esp
        mov     $0xdeadbeef, %ebx
        push    $0x13579bdf
prot_here:
        nop
        /* The first 2 MiB as they are, through three tables. */
        xor     %eax, %eax
        mov     $0x20000, %edi
        mov     $0x3000 / 4, %ecx
        cld
        rep stosl
        movl    $0x21003, 0x20000
        movl    $0x22003, 0x21000
        movl    $0x83, 0x22000
        mov     $0x20000, %eax
        mov     %eax, %cr3
        mov     $0x20, %eax
        mov     %eax, %cr4
        mov     $0xc0000080, %ecx
        mov     $0x100, %eax
        xor     %edx, %edx
        wrmsr
        mov     %cr0, %eax
        or      $0x80000000, %eax
        mov     %eax, %cr0
        ljmp    $0x18, $long

        .code64
long:
        movabs  $0x1122334455667788, %rbx
long_here:
        nop
        pushq   $8
        pushq   $prot2
        lretq

        .code32
prot2:
        mov     $0xcafef00d, %ebx
        mov     %cr0, %eax
        and     $0x7fffffff, %eax
        mov     %eax, %cr0
prot2_here:
        nop
        ljmp    $0x20, $(narrow - start)

        .code16
narrow:
        mov     %cr0, %eax
        and     $0xfe, %al
        mov     %eax, %cr0
        ljmp    $0x7c0, $(real2 - start)
real2:
        mov     $0x4321, %bx
real2_here:
        nop
        hlt
        jmp     real2

word:
        .word   0x4242
        .balign 8
gdt:
        .quad   0
        .quad   0x00cf9b000000ffff      /* 08: code, 32 bits */
        .quad   0x00cf93000000ffff      /* 10: data */
        .quad   0x00af9b000000ffff      /* 18: code, 64 bits */
        .quad   0x00009b007c00ffff      /* 20: code, 16 bits, at 0x7c00 */
gdtr:
        .word   . - gdt - 1
        .long   gdt
        .org    510
        .word   0xaa55
