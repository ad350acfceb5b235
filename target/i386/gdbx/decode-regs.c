/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which registers an instruction reads and writes. */
#include "qemu/osdep.h"
#include "cpu.h"
#include "gdbx/decode-capstone.h"

static void add_flags(uint64_t e, GdbxInsn *out)
{
    static const struct {
        uint8_t bit;
        uint64_t reads, writes;
    } flags[] = {
#define CHANGES(F) (X86_EFLAGS_MODIFY_##F | X86_EFLAGS_RESET_##F)
        { 0, X86_EFLAGS_TEST_CF, CHANGES(CF) | X86_EFLAGS_SET_CF |
             X86_EFLAGS_UNDEFINED_CF },
        { 2, X86_EFLAGS_TEST_PF, CHANGES(PF) | X86_EFLAGS_SET_PF |
             X86_EFLAGS_UNDEFINED_PF },
        { 4, X86_EFLAGS_TEST_AF, CHANGES(AF) | X86_EFLAGS_SET_AF |
             X86_EFLAGS_UNDEFINED_AF },
        { 6, X86_EFLAGS_TEST_ZF, CHANGES(ZF) | X86_EFLAGS_SET_ZF |
             X86_EFLAGS_UNDEFINED_ZF },
        { 7, X86_EFLAGS_TEST_SF, CHANGES(SF) | X86_EFLAGS_SET_SF |
             X86_EFLAGS_UNDEFINED_SF },
        { 8, X86_EFLAGS_TEST_TF, CHANGES(TF) },
        { 9, X86_EFLAGS_TEST_IF, CHANGES(IF) | X86_EFLAGS_SET_IF },
        { 10, X86_EFLAGS_TEST_DF, CHANGES(DF) | X86_EFLAGS_SET_DF },
        { 11, X86_EFLAGS_TEST_OF, CHANGES(OF) | X86_EFLAGS_SET_OF |
              X86_EFLAGS_UNDEFINED_OF },
        { 14, X86_EFLAGS_TEST_NT, CHANGES(NT) },
        { 16, X86_EFLAGS_TEST_RF, CHANGES(RF) },
#undef CHANGES
    };

    for (int i = 0; i < ARRAY_SIZE(flags); i++) {
        unsigned reg = GDBX_ISA_FLAG + flags[i].bit;

        if (e & flags[i].reads) {
            gdbx_isa_add(&out->reads, reg);
            gdbx_isa_add(&out->reads, GDBX_ISA_FLAGS);
        }
        if (e & flags[i].writes) {
            gdbx_isa_add(&out->writes, reg);
            gdbx_isa_add(&out->writes, GDBX_ISA_FLAGS);
        }
    }
}

/* What capstone does not tell. */
static void add_implicit(const cs_insn *in, GdbxInsn *out)
{
    static const unsigned all_flags[] = {
        0, 2, 4, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18,
    };
    enum { R = 1, W = 2 };
    static const struct {
        uint16_t id;
        uint8_t reg, how;
    } more[] = {
        { X86_INS_LMSW, GDBX_ISA_CR, W }, { X86_INS_CLTS, GDBX_ISA_CR, W },
        { X86_INS_SMSW, GDBX_ISA_CR, R },
        { X86_INS_SYSCALL, GDBX_ISA_GPR + R_ECX, W },
        { X86_INS_SYSCALL, GDBX_ISA_GPR + 11, W },
        { X86_INS_SYSCALL, GDBX_ISA_SEG + R_CS, W },
        { X86_INS_SYSCALL, GDBX_ISA_SEG + R_SS, W },
        { X86_INS_SYSRET, GDBX_ISA_GPR + R_ECX, R },
        { X86_INS_SYSRET, GDBX_ISA_GPR + 11, R },
        { X86_INS_SYSRET, GDBX_ISA_SEG + R_CS, W },
        { X86_INS_SYSRET, GDBX_ISA_SEG + R_SS, W },
        { X86_INS_SYSENTER, GDBX_ISA_GPR + R_ESP, W },
        { X86_INS_SYSENTER, GDBX_ISA_SEG + R_CS, W },
        { X86_INS_SYSENTER, GDBX_ISA_SEG + R_SS, W },
        { X86_INS_SYSEXIT, GDBX_ISA_GPR + R_ESP, W },
        { X86_INS_SYSEXIT, GDBX_ISA_GPR + R_ECX, R },
        { X86_INS_SYSEXIT, GDBX_ISA_GPR + R_EDX, R },
        { X86_INS_SYSEXIT, GDBX_ISA_SEG + R_CS, W },
        { X86_INS_SYSEXIT, GDBX_ISA_SEG + R_SS, W },
        { X86_INS_SWAPGS, GDBX_ISA_GS_BASE, R | W },
        { X86_INS_WRFSBASE, GDBX_ISA_FS_BASE, W },
        { X86_INS_WRGSBASE, GDBX_ISA_GS_BASE, W },
        { X86_INS_RDFSBASE, GDBX_ISA_FS_BASE, R },
        { X86_INS_RDGSBASE, GDBX_ISA_GS_BASE, R },
        { X86_INS_LGDT, GDBX_ISA_GDTR, W }, { X86_INS_SGDT, GDBX_ISA_GDTR, R },
        { X86_INS_LIDT, GDBX_ISA_IDTR, W }, { X86_INS_SIDT, GDBX_ISA_IDTR, R },
        { X86_INS_LLDT, GDBX_ISA_LDTR, W }, { X86_INS_SLDT, GDBX_ISA_LDTR, R },
        { X86_INS_LTR, GDBX_ISA_TR, W }, { X86_INS_STR, GDBX_ISA_TR, R },
        { X86_INS_XGETBV, GDBX_ISA_XCR0, R },
        { X86_INS_XSETBV, GDBX_ISA_XCR0, W },
        { X86_INS_LDMXCSR, GDBX_ISA_MXCSR, W },
        { X86_INS_STMXCSR, GDBX_ISA_MXCSR, R },
        { X86_INS_LCALL, GDBX_ISA_GPR + R_ESP, R | W },
        { X86_INS_LCALL, GDBX_ISA_SEG + R_CS, R | W },
        { X86_INS_LJMP, GDBX_ISA_SEG + R_CS, W },
        { X86_INS_RETF, GDBX_ISA_GPR + R_ESP, R | W },
        { X86_INS_RETF, GDBX_ISA_SEG + R_CS, W },
        { X86_INS_RETFQ, GDBX_ISA_GPR + R_ESP, R | W },
        { X86_INS_RETFQ, GDBX_ISA_SEG + R_CS, W },
        { X86_INS_IRET, GDBX_ISA_GPR + R_ESP, R | W },
        { X86_INS_IRETD, GDBX_ISA_GPR + R_ESP, R | W },
        { X86_INS_IRETQ, GDBX_ISA_GPR + R_ESP, R | W },
        { X86_INS_IRET, GDBX_ISA_SEG + R_CS, W },
        { X86_INS_IRETD, GDBX_ISA_SEG + R_CS, W },
        { X86_INS_IRETQ, GDBX_ISA_SEG + R_CS, W },
        { X86_INS_IRETQ, GDBX_ISA_SEG + R_SS, W },
        { X86_INS_ENTER, GDBX_ISA_GPR + R_ESP, R | W },
        { X86_INS_ENTER, GDBX_ISA_GPR + R_EBP, R | W },
        { X86_INS_LSS, GDBX_ISA_SEG + R_SS, W },
        { X86_INS_LDS, GDBX_ISA_SEG + R_DS, W },
        { X86_INS_LES, GDBX_ISA_SEG + R_ES, W },
        { X86_INS_LFS, GDBX_ISA_SEG + R_FS, W },
        { X86_INS_LGS, GDBX_ISA_SEG + R_GS, W },
        { X86_INS_XLATB, GDBX_ISA_GPR + R_EAX, R | W },
        { X86_INS_XLATB, GDBX_ISA_GPR + R_EBX, R },
        { X86_INS_CMPXCHG, GDBX_ISA_GPR + R_EAX, R | W },
        { X86_INS_STI, GDBX_ISA_FLAG + 9, W }, { X86_INS_STI, GDBX_ISA_FLAGS, W },
        { X86_INS_CLI, GDBX_ISA_FLAG + 9, W }, { X86_INS_CLI, GDBX_ISA_FLAGS, W },
        { X86_INS_STAC, GDBX_ISA_FLAG + 18, W },
        { X86_INS_CLAC, GDBX_ISA_FLAG + 18, W },
    };

    for (int i = 0; i < ARRAY_SIZE(more); i++) {
        if (more[i].id == in->id) {
            if (more[i].how & R) {
                gdbx_isa_add(&out->reads, more[i].reg);
            }
            if (more[i].how & W) {
                gdbx_isa_add(&out->writes, more[i].reg);
            }
        }
    }
    for (int i = 0; i < ARRAY_SIZE(all_flags); i++) {
        unsigned reg = GDBX_ISA_FLAG + all_flags[i];

        switch (in->id) {
        case X86_INS_PUSHF:
        case X86_INS_PUSHFD:
        case X86_INS_PUSHFQ:
            gdbx_isa_add(&out->reads, reg);
            break;
        case X86_INS_SYSCALL:
        case X86_INS_SYSRET:
        case X86_INS_POPF:
        case X86_INS_POPFD:
        case X86_INS_POPFQ:
        case X86_INS_IRET:
        case X86_INS_IRETD:
        case X86_INS_IRETQ:
            gdbx_isa_add(&out->writes, reg);
            gdbx_isa_add(&out->writes, GDBX_ISA_FLAGS);
            break;
        }
    }
}

static void add_named(csh h, const uint16_t *regs, unsigned n, GdbxIsaSet *set)
{
    for (unsigned i = 0; i < n; i++) {
        int reg = gdbx_isa_reg(cs_reg_name(h, regs[i]));

        if (reg >= 0) {
            gdbx_isa_add(set, reg);
        }
    }
}

void gdbx_decode_registers(csh h, const cs_insn *in, GdbxInsn *out)
{
    const cs_x86 *x = &in->detail->x86;
    cs_regs reads, writes;
    uint8_t n_reads, n_writes;

    if (cs_regs_access(h, in, reads, &n_reads, writes, &n_writes) ==
        CS_ERR_OK) {
        add_named(h, reads, n_reads, &out->reads);
        add_named(h, writes, n_writes, &out->writes);
    }
    if (!(out->classes & GDBX_CLASS_FPU)) {
        add_flags(x->eflags, out);      /* of x87 it is another word */
    }
    add_implicit(in, out);
}
