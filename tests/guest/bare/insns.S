/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions of known kinds. insn_table lists them in the order in which they
 * are executed: address, name of the kind. The test says which of them are
 * "call", "branch" and so on.
 */
        .text
        .globl  insn_stage, insn_stage_end, insn_table, insn_table_end
        .macro  row place, name
        .section .rodata.insns, "a"
        .balign 32
        .quad   \place
        .asciz  "\name"
        .balign 32
        .text
        .endm

insn_stage:
        push    %rbx
        push    %rbp
        mov     %rsp, %rbp
i1:     call    leaf
        lea     leaf(%rip), %rax
i2:     call    *%rax
        lea     i4(%rip), %rax
i3:     jmp     *%rax
i4:     jmp     i5
        ud2
i5:     xor     %eax, %eax
i6:     cpuid
i7:     rdtsc
i8:     invlpg  (%rsp)
i9:     fninit
i10:    movaps  %xmm0, %xmm1
i11:    lock incl (%rsp)
i12:    lock decl (%rsp)
        lea     -64(%rsp), %rdi
        mov     $4, %ecx
i13:    rep stosb
i14:    stosb
i15:    sub     $32, %rsp
i16:    mov     %rbp, %rsp
        mov     $2, %ecx
i17:    loop    i17
i18:    clts
i19:    wbinvd
        xor     %eax, %eax
i20:    jnz     i5
i21:    jz      i22
        ud2
i22:    call    outer
        pop     %rbp
        pop     %rbx
i23:    ret
leaf:
r1:     ret
outer:
o1:     call    leaf
o2:     ret     $0
insn_stage_end:

        .section .rodata.insns, "a"
        .balign 32
insn_table:
        .text
        row     i1, "call"
        row     r1, "ret"
        row     i2, "call indirect"
        row     r1, "ret"
        row     i3, "jmp indirect"
        row     i4, "jmp"
        row     i6, "cpuid"
        row     i7, "rdtsc"
        row     i8, "invlpg"
        row     i9, "fpu"
        row     i10, "sse"
        row     i11, "lock"
        row     i12, "lock"
        row     i13, "rep stosb"
        row     i14, "stosb"
        row     i15, "rsp write"
        row     i16, "rsp write"
        row     i17, "loop"
        row     i17, "loop"
        row     i18, "clts"
        row     i19, "wbinvd"
        row     i20, "jne"
        row     i21, "je"
        row     i22, "call"
        row     o1, "call"
        row     r1, "ret"
        row     o2, "ret"
        row     i23, "ret"
        .section .rodata.insns, "a"
insn_table_end:
        .section .note.GNU-stack, "", @progbits
