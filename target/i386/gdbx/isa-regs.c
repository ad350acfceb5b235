/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qemu/osdep.h"
#include "cpu.h"
#include "hw/i386/apic.h"
#include "gdbx/isa-regs.h"

/* As QEMU numbers them: Intel SDM vol. 2, table 2-2. */
static const char *const gprs[16] = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
};
static const char *const segs[6] = { "es", "cs", "ss", "ds", "fs", "gs" };

typedef struct Name {
    const char *name;
    int reg;
} Name;

/* Parts and other spellings come behind the name that is shown. */
static const Name names[] = {
    { "flags", GDBX_ISA_FLAGS }, { "eflags", GDBX_ISA_FLAGS },
    { "rflags", GDBX_ISA_FLAGS },
    { "fs_base", GDBX_ISA_FS_BASE }, { "gs_base", GDBX_ISA_GS_BASE },
    { "gdtr", GDBX_ISA_GDTR }, { "idtr", GDBX_ISA_IDTR },
    { "ldtr", GDBX_ISA_LDTR }, { "tr", GDBX_ISA_TR },
    { "xcr0", GDBX_ISA_XCR0 }, { "mxcsr", GDBX_ISA_MXCSR },
    { "flags.cf", GDBX_ISA_FLAG + 0 }, { "flags.pf", GDBX_ISA_FLAG + 2 },
    { "flags.af", GDBX_ISA_FLAG + 4 }, { "flags.zf", GDBX_ISA_FLAG + 6 },
    { "flags.sf", GDBX_ISA_FLAG + 7 }, { "flags.tf", GDBX_ISA_FLAG + 8 },
    { "flags.if", GDBX_ISA_FLAG + 9 }, { "flags.df", GDBX_ISA_FLAG + 10 },
    { "flags.of", GDBX_ISA_FLAG + 11 }, { "flags.iopl", GDBX_ISA_FLAG + 12 },
    { "flags.nt", GDBX_ISA_FLAG + 14 }, { "flags.rf", GDBX_ISA_FLAG + 16 },
    { "flags.ac", GDBX_ISA_FLAG + 18 },
};

/* "cr3" with @prefix "cr": 3; -1 unless below @n. */
static int numbered(const char *name, const char *prefix, int n)
{
    size_t len = strlen(prefix);
    char *end;
    long value;

    if (strncmp(name, prefix, len) || !g_ascii_isdigit(name[len]) ||
        (name[len] == '0' && name[len + 1])) {
        return -1;
    }
    value = strtol(name + len, &end, 10);
    return !*end && value < n ? value : -1;
}

/* "eax", "ax", "al", "ah", "r8d", "sil"... */
static int part_of_gpr(const char *name)
{
    for (int i = 0; i < 8; i++) {
        const char *two = gprs[i] + 1;
        bool letter = two[1] == 'x';

        if (!strcmp(name, two) || (name[0] == 'e' && !strcmp(name + 1, two))) {
            return i;
        }
        if (letter && name[0] == two[0] && (name[1] == 'l' || name[1] == 'h') &&
            !name[2]) {
            return i;
        }
        if (!letter && !strncmp(name, two, 2) && name[2] == 'l' && !name[3]) {
            return i;
        }
    }
    for (int i = 8; i < 16; i++) {
        size_t len = strlen(gprs[i]);

        if (!strncmp(name, gprs[i], len) && name[len] &&
            strchr("dwb", name[len]) && !name[len + 1]) {
            return i;
        }
    }
    return -1;
}

int gdbx_isa_reg(const char *name)
{
    static const struct { const char *prefix; int first, n; } families[] = {
        { "xmm", GDBX_ISA_XMM, 16 }, { "ymm", GDBX_ISA_XMM, 16 },
        { "cr", GDBX_ISA_CR, 16 }, { "dr", GDBX_ISA_DR, 8 },
        { "mm", GDBX_ISA_MM, 8 },
    };
    int n;

    for (int i = 0; i < 16; i++) {
        if (!strcmp(name, gprs[i])) {
            return GDBX_ISA_GPR + i;
        }
    }
    for (int i = 0; i < 6; i++) {
        if (!strcmp(name, segs[i])) {
            return GDBX_ISA_SEG + i;
        }
    }
    for (int i = 0; i < ARRAY_SIZE(families); i++) {
        n = numbered(name, families[i].prefix, families[i].n);
        if (n >= 0) {
            return families[i].first + n;
        }
    }
    for (int i = 0; i < ARRAY_SIZE(names); i++) {
        if (!strcmp(name, names[i].name)) {
            return names[i].reg;
        }
    }
    n = part_of_gpr(name);
    return n < 0 ? -1 : GDBX_ISA_GPR + n;
}

const char *gdbx_isa_name(unsigned reg)
{
    static const char *const crs[16] = {
        "cr0", "cr1", "cr2", "cr3", "cr4", "cr5", "cr6", "cr7", "cr8", "cr9",
        "cr10", "cr11", "cr12", "cr13", "cr14", "cr15",
    };
    static const char *const drs[8] = {
        "dr0", "dr1", "dr2", "dr3", "dr4", "dr5", "dr6", "dr7",
    };
    static const char *const xmms[16] = {
        "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
        "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
    };
    static const char *const mms[8] = {
        "mm0", "mm1", "mm2", "mm3", "mm4", "mm5", "mm6", "mm7",
    };

    if (reg < GDBX_ISA_XMM) {
        return gprs[reg];
    } else if (reg < GDBX_ISA_CR) {
        return xmms[reg - GDBX_ISA_XMM];
    } else if (reg < GDBX_ISA_DR) {
        return crs[reg - GDBX_ISA_CR];
    } else if (reg < GDBX_ISA_SEG) {
        return drs[reg - GDBX_ISA_DR];
    } else if (reg < GDBX_ISA_FLAGS) {
        return segs[reg - GDBX_ISA_SEG];
    } else if (reg >= GDBX_ISA_MM && reg < GDBX_ISA_MM + 8) {
        return mms[reg - GDBX_ISA_MM];
    }
    for (int i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i].reg == reg) {
            return names[i].name;
        }
    }
    return "?";
}

static uint64_t control(CPUX86State *env, unsigned n)
{
    if (n == 8) {
        DeviceState *apic = env_archcpu(env)->apic_state;

        return apic ? cpu_get_apic_tpr(apic) : env->int_ctl & V_TPR_MASK;
    }
    return n < ARRAY_SIZE(env->cr) ? env->cr[n] : 0;
}

static uint64_t system_register(CPUX86State *env, unsigned reg)
{
    switch (reg) {
    case GDBX_ISA_FLAGS:
        return cpu_compute_eflags(env);
    case GDBX_ISA_FS_BASE:
        return env->segs[R_FS].base;
    case GDBX_ISA_GS_BASE:
        return env->segs[R_GS].base;
    case GDBX_ISA_GDTR:
        return env->gdt.base;
    case GDBX_ISA_IDTR:
        return env->idt.base;
    case GDBX_ISA_LDTR:
        return env->ldt.selector;
    case GDBX_ISA_TR:
        return env->tr.selector;
    case GDBX_ISA_XCR0:
        return env->xcr0;
    case GDBX_ISA_MXCSR:
        return env->mxcsr;
    default:
        return 0;
    }
}

uint64_t gdbx_isa_value(CPUState *cs, unsigned reg)
{
    CPUX86State *env = cpu_env(cs);

    if (reg < GDBX_ISA_XMM) {
        return reg < CPU_NB_REGS ? env->regs[reg] : 0;
    } else if (reg < GDBX_ISA_CR) {
        return env->xmm_regs[reg - GDBX_ISA_XMM].ZMM_Q(0);
    } else if (reg < GDBX_ISA_DR) {
        return control(env, reg - GDBX_ISA_CR);
    } else if (reg < GDBX_ISA_SEG) {
        return env->dr[reg - GDBX_ISA_DR];
    } else if (reg < GDBX_ISA_FLAGS) {
        return env->segs[reg - GDBX_ISA_SEG].selector;
    } else if (reg >= GDBX_ISA_MM && reg < GDBX_ISA_MM + 8) {
        return env->fpregs[reg - GDBX_ISA_MM].mmx.MMX_Q(0);
    } else if (reg >= GDBX_ISA_FLAG) {
        unsigned bit = reg - GDBX_ISA_FLAG;

        return cpu_compute_eflags(env) >> bit & (bit == 12 ? 3 : 1);
    }
    return system_register(env, reg);
}
