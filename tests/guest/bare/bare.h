/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bare guest: a ROM that makes events in a known order and keeps a list of
 * them, to be compared with what the emulator reports. Constants for C,
 * assembler and (by its own reader) tests/lib/bare.py.
 */
#ifndef BARE_H
#define BARE_H

/* What an entry of the list is about. */
#define KIND_EXCEPTION 1        /* a vector, b error code, c CR2 (of 14) */
#define KIND_INTERRUPT 2        /* a vector; pc: where it came between */
#define KIND_IO        3        /* a port, b value */
#define KIND_MMIO      4        /* a physical address, b value */
#define KIND_PCI       5        /* a bus << 8 | devfn, b register, c value */
#define KIND_MSR       6        /* a number, b value */
#define KIND_REGISTER  7        /* a one of REG_*, b value read or written */
#define KIND_SYSCALL   8        /* a number, b result; write: it begins */

/* An entry: its size and what is where. Zero where nothing is said. */
#define ENTRY_SIZE  40
#define ENTRY_KIND  0           /* 2 bytes */
#define ENTRY_WIDTH 2           /* 1: bytes of the access */
#define ENTRY_WRITE 3           /* 1: it is one */
#define ENTRY_CPL   4           /* 1 */
#define ENTRY_SOFT  5           /* 1: `int n' and the like */
#define ENTRY_MODE  6           /* 2: 16, 32, 64 */
#define ENTRY_PC    8           /* 8: linear address */
#define ENTRY_A     16
#define ENTRY_B     24
#define ENTRY_C     32

#define REG_CR      0           /* + number */
#define REG_DR      0x10        /* + number */

/* Physical memory. The list of 16-bit and 32-bit code, of each CPU after. */
#define EARLY_LOG   0x40000
#define EARLY_AT     8          /* in its head: the instruction... */
#define EARLY_RESUME 16         /* ... where to go on if it faults */
#define EARLY_SOFT   24
#define CPU_LOG     0x200000
#define CPU_LOG_SIZE 0x100000
#define MAX_CPUS    4

#define PAGE_TABLES 0x70000     /* PML4, PDPT, four page directories */
#define IDT         0x76000
#define GDT         0x77000
#define TSS32       0x77800
#define TSS64       0x78000     /* 0x80 for each CPU */
#define STACK16     0x9000
#define STACK32     0xb000
#define USER32      0xd000
#define STACK64     0x10000     /* top of CPU 0's, 8 KiB each, growing up */
#define USER64      0x20000

/* Virtual: not there; read only; no execution. Each 2 MiB. */
#define NOT_PRESENT 0x40000000
#define READ_ONLY   0x80000000
#define NO_EXECUTE  0x80200000

/* Selectors. SYSRET wants U32, UDATA, U64; SYSEXIT K32 ... in that order. */
#define K64      0x08
#define KDATA    0x10
#define U32      0x18
#define UDATA    0x20
#define U64      0x28
#define K32      0x30
#define E32      0x40           /* the user code of SYSEXIT */
#define E_DATA   0x48
#define SEL_TSS32 0x50
#define SEL_BAD_TSS 0x58        /* too short */
#define SEL_ABSENT 0x60         /* a data segment that is not present */
#define SEL_TSS64 0x80          /* 16 bytes for each CPU */

#define VECTOR_SOFT 0x30        /* `int n' may come from user mode, to 0x3e */
#define VECTOR_LEAVE 0x3f       /* user mode has ended */
#define VECTOR_IPI  0x41
#define VECTOR_ISA  0x50        /* + IRQ */
#define VECTOR_SMI  0x101       /* it has none: the emulator calls it so */

#endif
