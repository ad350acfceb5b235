/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * capstone says what an instruction is; where it is silent or wrong (4.0 and
 * 5.0) the manual does: Intel SDM vol. 2.
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "gdbx/decode-capstone.h"

/* capstone's handle may not be shared between threads. */
typedef struct Decoder {
    csh handle;
    cs_insn *insn;
    bool ready;
} Decoder;

static Decoder *decoder(unsigned mode)
{
    static __thread Decoder decoders[3];
    static const cs_mode modes[3] = { CS_MODE_16, CS_MODE_32, CS_MODE_64 };
    unsigned i = mode == 64 ? 2 : mode == 32;
    Decoder *d = &decoders[i];

    if (!d->ready) {
        if (cs_open(CS_ARCH_X86, modes[i], &d->handle) != CS_ERR_OK) {
            return NULL;
        }
        cs_option(d->handle, CS_OPT_DETAIL, CS_OPT_ON);
        d->insn = cs_malloc(d->handle);
        d->ready = true;
    }
    return d;
}

static Decoder *disassemble(const uint8_t *bytes, size_t len, unsigned mode,
                            uint64_t pc)
{
    Decoder *d = decoder(mode);

    if (!d || !cs_disasm_iter(d->handle, &bytes, &len, &pc, d->insn)) {
        return NULL;
    }
    return d;
}

static const struct {
    uint16_t id;
    uint32_t classes;
} by_id[] = {
    { X86_INS_CALL, GDBX_CLASS_CALL },
    { X86_INS_LCALL, GDBX_CLASS_CALL | GDBX_CLASS_FAR },
    { X86_INS_RET, GDBX_CLASS_RET },
    { X86_INS_RETF, GDBX_CLASS_RET | GDBX_CLASS_FAR },
    { X86_INS_RETFQ, GDBX_CLASS_RET | GDBX_CLASS_FAR },
    { X86_INS_JMP, GDBX_CLASS_JMP },
    { X86_INS_LJMP, GDBX_CLASS_JMP | GDBX_CLASS_FAR },
    { X86_INS_LOOP, GDBX_CLASS_JCC }, { X86_INS_LOOPE, GDBX_CLASS_JCC },
    { X86_INS_LOOPNE, GDBX_CLASS_JCC },
    { X86_INS_SYSCALL, GDBX_CLASS_SYSCALL },
    { X86_INS_SYSENTER, GDBX_CLASS_SYSCALL },
    /* Intel SDM vol. 3, 5.9: privileged instructions. */
    { X86_INS_HLT, GDBX_CLASS_PRIVILEGED },
    { X86_INS_LGDT, GDBX_CLASS_PRIVILEGED },
    { X86_INS_LLDT, GDBX_CLASS_PRIVILEGED },
    { X86_INS_LTR, GDBX_CLASS_PRIVILEGED },
    { X86_INS_LIDT, GDBX_CLASS_PRIVILEGED },
    { X86_INS_LMSW, GDBX_CLASS_PRIVILEGED },
    { X86_INS_CLTS, GDBX_CLASS_PRIVILEGED },
    { X86_INS_INVD, GDBX_CLASS_PRIVILEGED },
    { X86_INS_WBINVD, GDBX_CLASS_PRIVILEGED },
    { X86_INS_INVLPG, GDBX_CLASS_PRIVILEGED },
    { X86_INS_INVPCID, GDBX_CLASS_PRIVILEGED },
    { X86_INS_RDMSR, GDBX_CLASS_PRIVILEGED },
    { X86_INS_WRMSR, GDBX_CLASS_PRIVILEGED },
    { X86_INS_SYSEXIT, GDBX_CLASS_PRIVILEGED },
    { X86_INS_SYSRET, GDBX_CLASS_PRIVILEGED },
    { X86_INS_SWAPGS, GDBX_CLASS_PRIVILEGED },
    { X86_INS_XSETBV, GDBX_CLASS_PRIVILEGED },
    { X86_INS_MONITOR, GDBX_CLASS_PRIVILEGED },
    { X86_INS_MWAIT, GDBX_CLASS_PRIVILEGED },
    { X86_INS_CLAC, GDBX_CLASS_PRIVILEGED },
    { X86_INS_STAC, GDBX_CLASS_PRIVILEGED },
};

static uint32_t by_group(csh h, const cs_insn *in)
{
    static const struct {
        uint8_t group;
        uint32_t classes;
    } groups[] = {
        { X86_GRP_MMX, GDBX_CLASS_MMX }, { X86_GRP_SSE1, GDBX_CLASS_SSE },
        { X86_GRP_SSE2, GDBX_CLASS_SSE }, { X86_GRP_SSE3, GDBX_CLASS_SSE },
        { X86_GRP_SSE41, GDBX_CLASS_SSE }, { X86_GRP_SSE42, GDBX_CLASS_SSE },
        { X86_GRP_SSE4A, GDBX_CLASS_SSE }, { X86_GRP_SSSE3, GDBX_CLASS_SSE },
        { X86_GRP_AVX, GDBX_CLASS_AVX }, { X86_GRP_AVX2, GDBX_CLASS_AVX },
        { X86_GRP_AVX512, GDBX_CLASS_AVX }, { X86_GRP_FMA, GDBX_CLASS_AVX },
    };
    uint32_t classes = 0;

    for (int i = 0; i < ARRAY_SIZE(groups); i++) {
        if (cs_insn_group(h, in, groups[i].group)) {
            classes |= groups[i].classes;
        }
    }
    switch (in->id) {
    case X86_INS_PAUSE:     /* capstone has them with SSE */
    case X86_INS_MONITOR:
    case X86_INS_MWAIT:
        classes = 0;
    }
    return classes;
}

/* INS, OUTS, MOVS, CMPS, STOS, LODS, SCAS: 6c..6f, a4..a7, aa..af. */
static bool is_string(const cs_x86 *x)
{
    uint8_t op = x->opcode[0];

    return (op >= 0x6c && op <= 0x6f) || (op >= 0xa4 && op <= 0xa7) ||
           (op >= 0xaa && op <= 0xaf);
}

/* Bytes; the operand that is not memory may be a port's number. */
static unsigned element_size(const cs_x86 *x)
{
    for (int i = 0; i < x->op_count; i++) {
        if (x->operands[i].type == X86_OP_MEM) {
            return x->operands[i].size;
        }
    }
    return 1;
}

static uint32_t classify(csh h, const cs_insn *in)
{
    const cs_x86 *x = &in->detail->x86;
    uint32_t classes = by_group(h, in);

    for (int i = 0; i < ARRAY_SIZE(by_id); i++) {
        if (by_id[i].id == in->id) {
            classes |= by_id[i].classes;
        }
    }
    if (cs_insn_group(h, in, X86_GRP_JUMP) && !(classes & GDBX_CLASS_JMP)) {
        classes |= GDBX_CLASS_JCC;
    }
    if ((classes & (GDBX_CLASS_CALL | GDBX_CLASS_JMP)) && x->op_count == 1 &&
        x->operands[0].type != X86_OP_IMM) {
        classes |= GDBX_CLASS_INDIRECT;
    }
    if (in->id == X86_INS_INT && x->operands[0].imm == 0x80) {
        classes |= GDBX_CLASS_SYSCALL;
    }
    if ((x->opcode[0] >= 0xd8 && x->opcode[0] <= 0xdf) ||
        x->opcode[0] == 0x9b) {
        classes |= GDBX_CLASS_FPU;
    }
    /* MOV to and from CRn, DRn: 0f 20..23. */
    if (x->opcode[0] == 0x0f && x->opcode[1] >= 0x20 && x->opcode[1] <= 0x23) {
        classes |= GDBX_CLASS_PRIVILEGED;
    }
    if (is_string(x)) {
        classes |= GDBX_CLASS_STRING;
        classes |= x->prefix[0] == 0xf2 || x->prefix[0] == 0xf3
                   ? GDBX_CLASS_REP : 0;
    }
    return classes | (x->prefix[0] == 0xf0 ? GDBX_CLASS_LOCK : 0);
}

static int gpr_or_none(csh h, unsigned reg)
{
    const char *name = reg ? cs_reg_name(h, reg) : NULL;
    int n;

    if (reg == X86_REG_RIP || reg == X86_REG_EIP) {
        return -2;
    }
    n = name ? gdbx_isa_reg(name) : -1;
    return n >= 0 && n < GDBX_ISA_XMM ? n : -1;
}

/* Where a call, jmp or ret goes to. */
static void find_target(csh h, const cs_insn *in, GdbxInsn *out)
{
    const cs_x86 *x = &in->detail->x86;
    const cs_x86_op *op = &x->operands[0];

    out->base = out->index = out->segment = -1;
    if (out->classes & GDBX_CLASS_RET) {
        out->target = GDBX_TARGET_STACK;
    } else if (!(out->classes & (GDBX_CLASS_CALL | GDBX_CLASS_JMP |
                                 GDBX_CLASS_JCC)) || !x->op_count) {
        return;
    } else if (op->type == X86_OP_IMM && !(out->classes & GDBX_CLASS_FAR)) {
        out->target = GDBX_TARGET_RELATIVE;
        out->disp = op->imm - (int64_t)(in->address + in->size);
    } else if (op->type == X86_OP_REG) {
        out->target = GDBX_TARGET_REGISTER;
        out->base = gpr_or_none(h, op->reg);
    } else if (op->type == X86_OP_MEM) {
        out->target = GDBX_TARGET_MEMORY;
        out->base = gpr_or_none(h, op->mem.base);
        out->index = gpr_or_none(h, op->mem.index);
        out->scale = op->mem.scale;
        out->disp = op->mem.disp;
        out->segment = op->mem.segment
                       ? gdbx_isa_reg(cs_reg_name(h, op->mem.segment)) -
                         GDBX_ISA_SEG : -1;
    }
}

/* Bytes that a call pushes or a ret pops: 0x66 is ignored in 64-bit mode. */
static unsigned word_size(const cs_x86 *x, unsigned mode)
{
    bool other = x->prefix[2] == 0x66;

    return mode == 64 ? 8 : (mode == 32) != other ? 4 : 2;
}

/* MOV to all of a register: what it will be is known in front. */
static void find_move(csh h, const cs_insn *in, GdbxInsn *out)
{
    const cs_x86 *x = &in->detail->x86;
    const cs_x86_op *to = &x->operands[0], *from = &x->operands[1];

    out->moves_to = out->moves_from = -1;
    if ((in->id != X86_INS_MOV && in->id != X86_INS_MOVABS) ||
        x->op_count != 2 || to->type != X86_OP_REG || to->size < 4 ||
        (from->type != X86_OP_REG && from->type != X86_OP_IMM)) {
        return;
    }
    out->moves_to = gdbx_isa_reg(cs_reg_name(h, to->reg));
    if (from->type == X86_OP_IMM) {
        out->constant = from->imm;
    } else {
        out->moves_from = gdbx_isa_reg(cs_reg_name(h, from->reg));
    }
    out->move_bytes = to->size;
}

bool gdbx_decode(const uint8_t *bytes, size_t len, unsigned mode,
                 GdbxInsn *out)
{
    Decoder *d = disassemble(bytes, len, mode, 0);
    const cs_insn *in = d ? d->insn : NULL;

    if (!d) {
        return false;
    }
    *out = (GdbxInsn) {
        .length = in->size, .mode = mode, .id = in->id,
        .size = word_size(&in->detail->x86, mode),
        .address_bits = in->detail->x86.addr_size * 8,
        .classes = classify(d->handle, in),
    };
    if (out->classes & GDBX_CLASS_STRING) {
        out->element = element_size(&in->detail->x86);
    }
    find_target(d->handle, in, out);
    gdbx_decode_registers(d->handle, in, out);
    find_move(d->handle, in, out);
    return true;
}

bool gdbx_disassemble(const uint8_t *bytes, size_t len, unsigned mode,
                      uint64_t pc, char *text, size_t size)
{
    Decoder *d = disassemble(bytes, len, mode, pc);

    if (!d) {
        return false;
    }
    g_snprintf(text, size, "%s%s%s", d->insn->mnemonic,
               *d->insn->op_str ? " " : "", d->insn->op_str);
    return true;
}

static const struct {
    const char *name, *here;
} spellings[] = {
    { "jz", "je" }, { "jnz", "jne" }, { "jc", "jb" }, { "jnc", "jae" },
    { "jnae", "jb" }, { "jnb", "jae" }, { "jna", "jbe" }, { "jnbe", "ja" },
    { "jnge", "jl" }, { "jnl", "jge" }, { "jng", "jle" }, { "jnle", "jg" },
    { "jpe", "jp" }, { "jpo", "jnp" }, { "retq", "ret" }, { "callq", "call" },
    { "jmpq", "jmp" }, { "fwait", "wait" },
};

unsigned gdbx_mnemonic(const char *name)
{
    Decoder *d = decoder(64);

    for (int i = 0; i < ARRAY_SIZE(spellings); i++) {
        if (!strcmp(name, spellings[i].name)) {
            name = spellings[i].here;
        }
    }
    for (unsigned id = 1; d && id < X86_INS_ENDING; id++) {
        const char *known = cs_insn_name(d->handle, id);

        if (known && !strcmp(known, name)) {
            return id;
        }
    }
    return 0;
}

const char *gdbx_mnemonic_name(unsigned id)
{
    Decoder *d = decoder(64);

    return d ? cs_insn_name(d->handle, id) : NULL;
}
