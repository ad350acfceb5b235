/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real mode: where CPUs begin; events of 16-bit code. */
#include "bare.h"

        .section .text16, "ax"
        .code16
        .globl  image, rom_gdt, rom_gdt_end
/* A secondary CPU is started here by SIPI: at the start of the image. */
image:
        cli
        jmp     ap16

/* The list: %gs is its segment, %bp the next entry in 16-bit and 32-bit code. */
        .macro  note16 kind, width, write, pc, a
        movw    $\kind, %gs:ENTRY_KIND(%bp)
        movb    $\width, %gs:ENTRY_WIDTH(%bp)
        movb    $\write, %gs:ENTRY_WRITE(%bp)
        movw    $16, %gs:ENTRY_MODE(%bp)
        movw    $(\pc - image), %gs:ENTRY_PC(%bp)
        movw    $0xf, %gs:ENTRY_PC + 2(%bp)
        movl    $\a, %gs:ENTRY_A(%bp)
        movl    %eax, %gs:ENTRY_B(%bp)
        add     $ENTRY_SIZE, %bp
        .endm
        .macro  out16 width, reg, port, value
        mov     $\value, %eax
        note16  KIND_IO, \width, 1, 1f, \port
1:      out     \reg, $\port
        .endm
        .macro  in16 width, reg, port
        xor     %eax, %eax
1:      in      $\port, \reg
        note16  KIND_IO, \width, 0, 1b, \port
        .endm
        .macro  try16 soft, insn:vararg
        movw    $(1f - image), %gs:EARLY_AT
        movw    $(2f - image), %gs:EARLY_RESUME
        movb    $\soft, %gs:EARLY_SOFT
1:      \insn
2:
        .endm

start16:
        cli
        cld
        xor     %ax, %ax
        mov     %ax, %es
        mov     %ax, %ss
        mov     $STACK16, %sp
        mov     $EARLY_LOG >> 4, %ax
        mov     %ax, %gs
        mov     $ENTRY_SIZE, %bp
        mov     $0xf000, %ax
        mov     %ax, %ds

        /* The vectors. */
        xor     %di, %di
        mov     $(stubs16 - image), %ax
1:      stosw
        movw    $0xf000, %es:(%di)
        add     $2, %di
        add     $8, %ax
        cmp     $0x200, %di
        jne     1b

        out16   1, %al, 0xe0, 0x11
        out16   2, %ax, 0xe0, 0x2233
        out16   4, %eax, 0xe0, 0x44556677
        in16    1, %al, 0xe0
        in16    2, %ax, 0xe0
        in16    4, %eax, 0xe0
        try16   1, int $0x60
        try16   0, ud2
        xor     %bx, %bx
        try16   0, div %bx
        try16   0, int3
        mov     $0x7fff, %ax
        add     $1, %ax
        try16   0, into
        mov     $9, %ax
        try16   0, bound %ax, bounds16 - image
        jmp     enter16

bounds16:
        .word   1, 4

        .balign 8
stubs16:
        .set    n, 0
        .rept   128
        pushw   $n
        jmp     trap16
        .balign 8
        .set    n, n + 1
        .endr

/* On the stack: BX, AX, vector, IP, CS, flags. */
trap16:
        push    %ax
        push    %bx
        mov     %sp, %bx
        movw    $KIND_EXCEPTION, %gs:ENTRY_KIND(%bp)
        movw    $16, %gs:ENTRY_MODE(%bp)
        mov     %gs:EARLY_SOFT, %al
        mov     %al, %gs:ENTRY_SOFT(%bp)
        mov     %ss:4(%bx), %ax
        mov     %ax, %gs:ENTRY_A(%bp)
        mov     %gs:EARLY_AT, %ax
        mov     %ax, %gs:ENTRY_PC(%bp)
        movw    $0xf, %gs:ENTRY_PC + 2(%bp)
        mov     %gs:EARLY_RESUME, %ax
        mov     %ax, %ss:6(%bx)
        add     $ENTRY_SIZE, %bp
        pop     %bx
        pop     %ax
        add     $2, %sp
        iret

/* To flat protected mode; %bp goes along. */
enter16:
        lgdtl   %cs:rom_gdtr - image
1:      mov     %cr0, %eax
        note16  KIND_REGISTER, 0, 0, 1b, REG_CR
        or      $1, %eax
        note16  KIND_REGISTER, 0, 1, 1f, REG_CR
1:      mov     %eax, %cr0
        ljmpl   $K32, $enter32

ap16:
        lgdtl   %cs:rom_gdtr - image
        mov     %cr0, %eax
        or      $1, %eax
        mov     %eax, %cr0
        ljmpl   $K32, $ap32

        .balign 8
/* All accessed: none is written to. Copied to RAM for the task segments. */
rom_gdt:
        .quad   0
        .quad   0x00af9b000000ffff      /* K64 */
        .quad   0x00cf93000000ffff      /* KDATA */
        .quad   0x00cffb000000ffff      /* U32 */
        .quad   0x00cff3000000ffff      /* UDATA */
        .quad   0x00affb000000ffff      /* U64 */
        .quad   0x00cf9b000000ffff      /* K32 */
        .quad   0x00cf93000000ffff
        .quad   0x00cffb000000ffff      /* E32 */
        .quad   0x00cff3000000ffff      /* E_DATA */
        .quad   0x0000890000000067 | (TSS32 & 0xffff) << 16 | (TSS32 >> 16) << 32
        .quad   0x000089000000000f | (TSS32 & 0xffff) << 16 | (TSS32 >> 16) << 32
        .quad   0x00cf13000000ffff      /* SEL_ABSENT */
rom_gdt_end:
rom_gdtr:
        .word   rom_gdt_end - rom_gdt - 1
        .long   rom_gdt

        .section .reset, "ax"
        .globl  reset
reset:
        ljmpw   $0xf000, $(start16 - image)
