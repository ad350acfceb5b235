/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A boot sector that keeps the disk it was booted from busy by the firmware's
 * calls, whatever disk that is: it reads a sector, adds what it has to a sum, and
 * writes another one that depends on all that was read before.
 *
 * At 0x600: rounds done, the sum, how many requests failed; 4 bytes each.
 */
        .set    ROUNDS, 0x600
        .set    SUM, 0x604
        .set    FAILED, 0x608
        .set    DRIVE, 0x5f0
        .set    DATA, 0x8000
        .set    FIRST, 128              /* sectors of which it takes 16, */
        .set    APART, 7                /* 1 << 7 of them apart */
        .globl  start
        .code16
start:
        xor     %ax, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %ss
        mov     $0x7c00, %sp
        mov     %dl, DRIVE
        movl    $0, ROUNDS
        movl    $1, SUM
        movl    $0, FAILED
round:
        mov     ROUNDS, %eax
        mov     $0x42, %bh              /* read */
        call    request
        mov     $DATA, %si
        mov     $256, %cx
        mov     SUM, %eax
1:
        add     (%si), %ax
        rol     $3, %eax
        add     $2, %si
        loop    1b
        mov     %eax, SUM
        mov     %eax, DATA
        mov     ROUNDS, %eax
        imul    $7, %eax
        mov     $0x43, %bh              /* write */
        call    request
        incl    ROUNDS
        jmp     round
/* Of the sector that %eax is about. */
request:
        and     $15, %eax
        shl     $APART, %eax
        add     $FIRST, %eax
        mov     %eax, sector
        mov     $packet, %si
        mov     DRIVE, %dl
        mov     %bh, %ah
        xor     %al, %al
        int     $0x13
        jnc     1f
        incl    FAILED
1:
        ret
packet:
        .byte   16, 0
        .word   1
        .word   DATA, 0
sector:
        .long   0, 0
        .org    510
        .word   0xaa55
