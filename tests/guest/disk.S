/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ROM in place of firmware that keeps an IDE disk busy: it reads a sector by
 * DMA, adds what it has to a sum, and writes another one that depends on all that
 * was read before. What it reads is what it wrote, once round. So whoever
 * brings it back must bring back the disk, or the sums differ.
 *
 * It halts while it waits: a recorder lets requests end only then.
 *
 * At 0x600: rounds done, the sum, how many requests failed; 4 bytes each.
 */
        .set    ROUNDS, 0x600
        .set    SUM, 0x604
        .set    FAILED, 0x608
        .set    IRQ, 0x60c              /* one has come */
        .set    SECTORS, 16             /* 64 KiB apart, and round again */
        .set    DATA, 0x8000
        .set    PRD, 0x700              /* where DMA goes to */
        .set    BM, 0xc000              /* ports of the bus master */
        .globl  start
        .code16
start:
        cli
        xor     %ax, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %ss
        mov     $0x7c00, %sp
        cld
        movl    $0, ROUNDS
        movl    $1, SUM
        movl    $0, FAILED
        movw    $on_irq, 0x76 * 4
        movw    $0xf000, 0x76 * 4 + 2
        movl    $DATA, PRD
        movl    $0x80000200, PRD + 4    /* 512 bytes, the last one */
        /* Both interrupt controllers; only the disk's line is open. */
        mov     $0x11, %al
        out     %al, $0x20
        out     %al, $0xa0
        mov     $0x08, %al
        out     %al, $0x21
        mov     $0x70, %al
        out     %al, $0xa1
        mov     $4, %al
        out     %al, $0x21
        mov     $2, %al
        out     %al, $0xa1
        mov     $1, %al
        out     %al, $0x21
        out     %al, $0xa1
        mov     $0xfb, %al
        out     %al, $0x21
        mov     $0xbf, %al
        out     %al, $0xa1
        /* The IDE function's ports, and that it may be bus master. */
        mov     $0x80000920, %eax
        mov     $BM + 1, %ecx
        call    pci
        mov     $0x80000904, %eax
        mov     $5, %ecx
        call    pci
        mov     $0x3f6, %dx
        xor     %al, %al
        out     %al, %dx
round:
        mov     ROUNDS, %eax
        call    select
        mov     $0xc808, %bx            /* read */
        call    dma
        mov     $DATA, %si
        mov     $128, %cx
add:
        lodsl
        addl    SUM, %eax
        roll    $3, %eax
        mov     %eax, SUM
        mov     %eax, -4(%si)
        loop    add
        /* Where the round after next reads. */
        mov     ROUNDS, %eax
        add     $2, %eax
        call    select
        mov     $0xca00, %bx
        call    dma
        incl    ROUNDS
        jmp     round

pci:
        mov     $0xcf8, %dx
        out     %eax, %dx
        mov     $0xcfc, %dx
        mov     %ecx, %eax
        out     %eax, %dx
        ret

/* One sector, the one that round %eax reads. */
select:
        and     $(SECTORS - 1), %eax
        shl     $7, %eax
        mov     %eax, %ecx
        mov     $0x1f2, %dx
        mov     $1, %al
        out     %al, %dx
        mov     %cl, %al
        inc     %dx
        out     %al, %dx
        mov     %ch, %al
        inc     %dx
        out     %al, %dx
        xor     %al, %al
        inc     %dx
        out     %al, %dx
        mov     $0xe0, %al
        inc     %dx
        out     %al, %dx
        movl    $0, IRQ
        ret

/* %bh: the command, %bl: the bus master's direction */
dma:
        mov     $BM + 4, %dx
        mov     $PRD, %eax
        out     %eax, %dx
        mov     $BM + 2, %dx
        mov     $6, %al
        out     %al, %dx
        mov     $BM, %dx
        mov     %bl, %al
        out     %al, %dx
        mov     $0x1f7, %dx
        mov     %bh, %al
        out     %al, %dx
        mov     $BM, %dx
        mov     %bl, %al
        or      $1, %al
        out     %al, %dx
        call    wait
        mov     $BM, %dx
        xor     %al, %al
        out     %al, %dx
        ret

wait:
        cmpl    $0, IRQ
        jne     came
        sti
        hlt
        cli
        jmp     wait
came:
        mov     $0x1f7, %dx
        in      %dx, %al
        and     $0xc9, %al              /* busy, ready, wants data, error */
        cmp     $0x40, %al
        je      good
        incl    FAILED
good:
        ret

on_irq:
        push    %ax
        incl    IRQ
        mov     $0x20, %al
        out     %al, $0xa0
        out     %al, $0x20
        pop     %ax
        iret

        .org    0xfff0
        ljmp    $0xf000, $start
        .org    0x10000
