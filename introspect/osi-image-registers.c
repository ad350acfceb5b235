/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registers file of a saved guest: lines key=hex, see osi-image.c. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "osi-image.h"

#define REG(name) { #name, offsetof(OsiCpu, name) }
#define GPR(name, i) { name, offsetof(OsiCpu, gpr) + 8 * (i) }

static const struct { const char *key; size_t at; } regs64[] = {
    REG(cr0), REG(cr3), REG(cr4), REG(efer), REG(rip), REG(rsp),
    REG(gs_base), REG(kernel_gs_base), REG(fs_base), REG(idt_base),
    REG(lstar), REG(tr_base),
    GPR("rax", OSI_RAX), GPR("rcx", OSI_RCX), GPR("rdx", OSI_RDX),
    GPR("rbx", OSI_RBX), GPR("rbp", OSI_RBP), GPR("rsi", OSI_RSI),
    GPR("rdi", OSI_RDI), GPR("r8", OSI_R8), GPR("r9", OSI_R9),
    GPR("r10", OSI_R10), GPR("r11", OSI_R11), GPR("r12", OSI_R12),
    GPR("r13", OSI_R13), GPR("r14", OSI_R14), GPR("r15", OSI_R15),
};

static bool set_register(OsiCpu *cpu, const char *key, uint64_t value)
{
    for (size_t i = 0; i < G_N_ELEMENTS(regs64); i++) {
        if (!strcmp(key, regs64[i].key)) {
            *(uint64_t *)((char *)cpu + regs64[i].at) = value;
            cpu->gpr[OSI_RSP] = cpu->rsp;
            return true;
        }
    }
    if (!strcmp(key, "cpl")) {
        cpu->cpl = value & 3;
    } else if (!strcmp(key, "halted")) {
        cpu->halted = value;
    } else {
        return false;
    }
    return true;
}

static bool parse_line(GArray *cpus, char *line)
{
    char *eq = strchr(g_strstrip(line), '='), *end;
    uint64_t value;

    if (!*line || *line == '#') {
        return true;
    }
    if (!eq) {
        return false;
    }
    *eq = 0;
    value = g_ascii_strtoull(eq + 1, &end, 16);
    if (end == eq + 1 || *end) {
        return false;
    }
    if (!strcmp(line, "index")) {
        OsiCpu cpu = { .index = value };

        g_array_append_val(cpus, cpu);
        return true;
    }
    return cpus->len &&
           set_register(&g_array_index(cpus, OsiCpu, cpus->len - 1), line,
                        value);
}

GArray *osi_image_load_registers(const char *path)
{
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;
    GArray *cpus = g_array_new(false, false, sizeof(OsiCpu));
    GError *e = NULL;

    if (!g_file_get_contents(path, &text, NULL, &e)) {
        fprintf(stderr, "%s\n", e->message);
        exit(1);
    }
    lines = g_strsplit(text, "\n", -1);
    for (int i = 0; lines[i]; i++) {
        if (!parse_line(cpus, lines[i])) {
            fprintf(stderr, "%s:%d: not a register\n", path, i + 1);
            exit(1);
        }
    }
    return cpus;
}
