/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 32-bit protected mode without paging: its events, then long mode. */
#include "bare.h"

        .text
        .code32
        .globl  enter32, ap32, ap_wrmsr_at

/* The list goes on at %ebp, with linear addresses. */
        .macro  note32 kind, width, write, pc, a
        movw    $\kind, ENTRY_KIND(%ebp)
        movb    $\width, ENTRY_WIDTH(%ebp)
        movb    $\write, ENTRY_WRITE(%ebp)
        movw    $32, ENTRY_MODE(%ebp)
        movl    $\pc, ENTRY_PC(%ebp)
        movl    $\a, ENTRY_A(%ebp)
        movl    %eax, ENTRY_B(%ebp)
        add     $ENTRY_SIZE, %ebp
        .endm
        .macro  by_user
        movb    $3, ENTRY_CPL - ENTRY_SIZE(%ebp)
        .endm
        .macro  try32 soft, insn:vararg
        movl    $1f, EARLY_LOG + EARLY_AT
        movl    $2f, EARLY_LOG + EARLY_RESUME
        movb    $\soft, EARLY_LOG + EARLY_SOFT
1:      \insn
2:
        .endm
        .macro  wrmsr32 number
        mov     $\number, %ecx
        note32  KIND_MSR, 0, 1, 1f, \number
        movl    %edx, ENTRY_B - ENTRY_SIZE + 4(%ebp)
1:      wrmsr
        .endm

enter32:
        mov     $KDATA, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        mov     %eax, %gs
        mov     $STACK32, %esp
        movzwl  %bp, %ebp
        add     $EARLY_LOG, %ebp

        mov     $rom_gdt, %esi
        mov     $GDT, %edi
        mov     $(13 * 8 / 4), %ecx
        rep movsl
        lgdt    gdtr
        movl    $STACK32, TSS32 + 4
        movl    $KDATA, TSS32 + 8
        movw    $104, TSS32 + 102       /* no I/O map */
        mov     $SEL_TSS32, %eax
        ltr     %ax

        /* Gates: the vectors that user mode may ask for have DPL 3. */
        mov     $IDT, %edi
        mov     $stubs32, %eax
        xor     %ecx, %ecx
1:      mov     %ax, (%edi)
        movw    $K32, 2(%edi)
        movw    $0x8e00, 4(%edi)
        cmp     $3, %ecx
        je      2f
        cmp     $4, %ecx
        je      2f
        cmp     $VECTOR_SOFT, %ecx
        jb      3f
2:      movw    $0xee00, 4(%edi)
3:      movw    $0xf, 6(%edi)
        add     $8, %edi
        add     $16, %eax
        inc     %ecx
        cmp     $0x40, %ecx
        jne     1b
        lidt    idtr32

        mov     $0x11, %eax
        note32  KIND_IO, 1, 1, 1f, 0xe8
        mov     $0xe8, %edx
1:      out     %al, %dx
        try32   1, int $0x30
        try32   0, int3
        try32   0, ud2
        mov     $0x7fffffff, %eax
        add     $1, %eax
        try32   0, into
        mov     $9, %eax
        try32   0, bound %eax, bounds32
        xor     %ecx, %ecx
        try32   0, div %ecx
        mov     $0x3f8, %eax
        try32   0, mov %eax, %fs
        mov     $SEL_ABSENT, %eax
        try32   0, mov %eax, %fs
        try32   0, mov %eax, %ss
        try32   0, ljmp $SEL_BAD_TSS, $0

        /* Into user mode by SYSEXIT, and calls by SYSENTER. */
        xor     %edx, %edx
        mov     $K32, %eax
        wrmsr32 0x174
        mov     $STACK32, %eax
        wrmsr32 0x175
        mov     $sysenter_entry, %eax
        wrmsr32 0x176
        mov     $user32, %edx
        mov     $USER32, %ecx
        sysexit

user32:
        mov     $E_DATA, %eax
        mov     %eax, %ds
        mov     %eax, %es
        try32   1, int $0x30
        try32   0, int3
        try32   0, cli
        try32   0, out %al, $0xe0
        xor     %ecx, %ecx
        try32   0, div %ecx
        mov     $7, %eax
        call    call32
        mov     $8, %eax
        call    call32
        try32   1, int $VECTOR_LEAVE

/* A system call: the handler adds one. */
call32:
        note32  KIND_SYSCALL, 0, 1, 1f, 0
        by_user
        mov     %eax, ENTRY_A - ENTRY_SIZE(%ebp)
        movl    $0, ENTRY_B - ENTRY_SIZE(%ebp)
        push    %eax
        mov     %esp, %ecx
        mov     $2f, %edx
1:      sysenter
2:      note32  KIND_SYSCALL, 0, 0, 1b, 0
        by_user
        pop     %eax
        mov     %eax, ENTRY_A - ENTRY_SIZE(%ebp)
        ret

sysenter_entry:
        inc     %eax
        sysexit

        .balign 16
stubs32:
        .set    n, 0
        .rept   64
        .if     (n != 8) && (n != 10) && (n != 11) && (n != 12) && (n != 13) && (n != 14) && (n != 17)
        push    $0
        .endif
        push    $n
        jmp     trap32
        .balign 16
        .set    n, n + 1
        .endr

/* On the stack: EBX, EAX, vector, error, EIP, CS, flags. */
trap32:
        push    %eax
        push    %ebx
        mov     %esp, %ebx
        mov     12(%ebx), %eax
        note32  KIND_EXCEPTION, 0, 0, 0, 0
        mov     8(%ebx), %eax
        mov     %eax, ENTRY_A - ENTRY_SIZE(%ebp)
        mov     %ss:EARLY_LOG + EARLY_AT, %eax
        mov     %eax, ENTRY_PC - ENTRY_SIZE(%ebp)
        mov     %ss:EARLY_LOG + EARLY_SOFT, %al
        mov     %al, ENTRY_SOFT - ENTRY_SIZE(%ebp)
        mov     20(%ebx), %eax
        and     $3, %eax
        mov     %al, ENTRY_CPL - ENTRY_SIZE(%ebp)
        mov     %ss:EARLY_LOG + EARLY_RESUME, %eax
        mov     %eax, %ss:16(%ebx)
        cmpl    $VECTOR_LEAVE, %ss:8(%ebx)
        je      left32
        pop     %ebx
        pop     %eax
        add     $8, %esp
        iret

/* The page tables: 4 GiB as they are, but for what bare.h says. */
left32:
        mov     $KDATA, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %ebp, EARLY_LOG
        mov     $PAGE_TABLES, %edi
        xor     %eax, %eax
        mov     $(0x6000 / 4), %ecx
        rep stosl
        movl    $(PAGE_TABLES + 0x1007), PAGE_TABLES
        mov     $(PAGE_TABLES + 0x2007), %eax
        mov     $(PAGE_TABLES + 0x1000), %edi
1:      mov     %eax, (%edi)
        add     $8, %edi
        add     $0x1000, %eax
        cmp     $(PAGE_TABLES + 0x1020), %edi
        jne     1b
        mov     $0xe7, %eax
        mov     $(PAGE_TABLES + 0x2000), %edi
        mov     $2048, %ecx
2:      mov     %eax, (%edi)
        add     $8, %edi
        add     $0x200000, %eax
        dec     %ecx
        jnz     2b
        mov     $(PAGE_TABLES + 0x2000 + NOT_PRESENT / 0x200000 * 8), %edi
        mov     $1024, %ecx
        xor     %eax, %eax
        rep stosl
        movl    $0x6000e5, PAGE_TABLES + 0x2000 + READ_ONLY / 0x200000 * 8
        movl    $0x8000e7, PAGE_TABLES + 0x2000 + NO_EXECUTE / 0x200000 * 8
        movl    $0x80000000, PAGE_TABLES + 0x2004 + NO_EXECUTE / 0x200000 * 8
        mov     $0xb01, %eax            /* EFER: NXE, LME, SCE */
        xor     %edx, %edx
        wrmsr32 0xc0000080
        mov     %ebp, EARLY_LOG
        jmp     long_mode

ap32:
        mov     $KDATA, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        lgdt    gdtr
        mov     $0xc0000080, %ecx
        mov     $0x901, %eax
        xor     %edx, %edx
ap_wrmsr_at:
        wrmsr
long_mode:
        mov     $0x620, %eax            /* PAE, OSFXSR, OSXMMEXCPT */
        mov     %eax, %cr4
        mov     $PAGE_TABLES, %eax
        mov     %eax, %cr3
        mov     $0x80010033, %eax       /* PG, WP, NE, ET, MP, PE */
        mov     %eax, %cr0
        ljmp    $K64, $enter64

        .section .rodata
        .balign 8
bounds32:
        .long   1, 4
gdtr:
        .word   0xff
        .long   GDT
        .globl  gdtr64
gdtr64:
        .word   0xff
        .quad   GDT
idtr32:
        .word   0x40 * 8 - 1
        .long   IDT
        .section .note.GNU-stack, "", @progbits
