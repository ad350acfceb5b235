/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two modules of the forged kernel, "second" in front of "first": two parts
 * each, three sections, four symbols of which one is exported.
 */
#include "forge-parts.h"

#define PART_BYTES 0x2000

static const char *const sections[] = { ".text", ".rodata", ".strtab" };
static const char *const symbols[] = { "", "start", "exported", "end" };

static void put_sections(ForgeKernel *k, uint64_t m, uint64_t base)
{
    uint64_t attrs = forge_new_struct(k, "module_sect_attrs");
    uint64_t array = forge_bytes(k, 8 * 8, 8);

    for (size_t i = 0; i < G_N_ELEMENTS(sections); i++) {
        uint64_t a = forge_new_struct(k, "module_sect_attr");
        uint64_t text = forge_text(k, sections[i]);

        forge_set(k, a, "module_sect_attr", "address", base + 0x100 * i);
        forge_set(k, a, "module_sect_attr", "battr.attr.name", text);
        forge_poke(k, array + 8 * i,
                   forge_at_member(k, a, "module_sect_attr", "battr"));
    }
    forge_set(k, attrs, "module_sect_attrs", "grp.bin_attrs", array);
    forge_set(k, m, "module", "sect_attrs", attrs);
}

/* In the module's own memory: symbols, their types, names. */
static void put_symbols(ForgeKernel *k, uint64_t m, uint64_t base)
{
    uint64_t ks = forge_new_struct(k, "mod_kallsyms"), name = 1;
    uint64_t tab = base + 0x400, types = base + 0x600, strs = base + 0x700;

    for (size_t i = 1; i < G_N_ELEMENTS(symbols); i++) {
        uint8_t *s = forge_at(k, tab + 24 * i);

        put32(s, name);
        s[4] = 0x12;
        put16(s + 6, 1);
        put64(s + 8, base + 0x10 * i);
        strcpy((char *)forge_at(k, strs + name), symbols[i]);
        *forge_at(k, types + i) = 't';
        name += strlen(symbols[i]) + 1;
    }
    forge_set(k, ks, "mod_kallsyms", "symtab", tab);
    forge_set(k, ks, "mod_kallsyms", "num_symtab", G_N_ELEMENTS(symbols));
    forge_set(k, ks, "mod_kallsyms", "strtab", strs);
    forge_set(k, ks, "mod_kallsyms", "typetab", types);
    forge_set(k, m, "module", "kallsyms", ks);
}

/* struct kernel_symbol names by the distance from its own member. */
static void put_export(ForgeKernel *k, uint64_t m)
{
    uint64_t e = forge_new_struct(k, "kernel_symbol");
    uint64_t at = forge_at_member(k, e, "kernel_symbol", "name_offset");

    forge_set(k, e, "kernel_symbol", "name_offset",
              forge_text(k, "exported") - at);
    forge_set(k, m, "module", "syms", e);
    forge_set(k, m, "module", "num_syms", 1);
}

static void put_parts(ForgeKernel *k, uint64_t m, uint64_t base)
{
    if (k->opt.list) {
        forge_set(k, m, "module", "core_layout.base", base);
        forge_set(k, m, "module", "core_layout.size", PART_BYTES);
        return;
    }
    for (int i = 0; i < 2; i++) {
        uint64_t mem = forge_at_member(k, m, "module", "mem") +
                       2 * i * forge_struct_size(k->types, "module_memory");

        forge_set(k, mem, "module_memory", "base", base + i * PART_BYTES / 2);
        forge_set(k, mem, "module_memory", "size", PART_BYTES / 2);
    }
}

static void put_orc(ForgeKernel *k, uint64_t m, uint64_t base)
{
    uint64_t ip = forge_bytes(k, 8, 8), entry = forge_bytes(k, 16, 8);

    put32(forge_at(k, ip), base - ip);
    forge_set(k, m, "module", "arch.num_orcs", 1);
    forge_set(k, m, "module", "arch.orc_unwind_ip", ip);
    forge_set(k, m, "module", "arch.orc_unwind", entry);
}

static uint64_t new_module(ForgeKernel *k, const char *name, int users)
{
    uint64_t m = forge_new_struct(k, "module");
    uint64_t base = forge_object(k, PART_BYTES);

    strcpy((char *)forge_at(k, forge_at_member(k, m, "module", "name")), name);
    forge_set(k, m, "module", "refcnt.counter", users + 1);
    put_parts(k, m, base);
    put_sections(k, m, base);
    put_symbols(k, m, base);
    put_export(k, m);
    put_orc(k, m, base);
    return m;
}

void forge_modules(ForgeKernel *k)
{
    uint64_t node[3] = { FK_BASE + FK_MODULES };

    k->module[0] = new_module(k, "second", 0);
    k->module[1] = new_module(k, "first", 2);
    for (int i = 0; i < 2; i++) {
        node[i + 1] = forge_at_member(k, k->module[i], "module", "list");
    }
    for (int i = 0; i < 3; i++) {
        forge_poke(k, node[i], node[(i + 1) % 3]);
        forge_poke(k, node[(i + 1) % 3] + 8, node[i]);
    }
}
