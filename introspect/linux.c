/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linux: detection and the provider table.
 *
 * Nothing is keyed on a version. The image is found by where the CPU enters
 * it, symbols and types by their own formats inside it; each is optional, and
 * what is missing is said in the features. A kernel that was replaced (reboot,
 * kexec) is noticed by its banner at the next question.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <string.h>
#include "linux-threads.h"

#define BANNER "Linux version "
#define BTF_TYPES_MIN 1000

bool linux_sym(const Linux *lx, const char *name, uint64_t *value)
{
    return (lx->syms && osi_kallsyms_find(lx->syms, name, value)) ||
           (lx->profile_map && osi_kallsyms_find(lx->profile_map, name, value));
}

static void linux_free(void *os)
{
    Linux *lx = os;

    osi_image_unload(&lx->image);
    osi_kallsyms_free(lx->syms);
    linux_kernel_free(lx);
    osi_kallsyms_free(lx->profile_map);
    osi_btf_free(lx->own_btf);
    osi_btf_free(lx->profile_btf);
    g_clear_pointer(&lx->percpu, g_array_unref);
    g_clear_pointer(&lx->stacks, g_array_unref);
    g_free(lx);
}

/* ---- detection ---- */

static bool banner_at(Linux *lx, uint64_t offset)
{
    const OsiImage *img = &lx->image;
    const char *text;
    size_t len;

    if (offset >= img->size || img->size - offset < LINUX_BANNER_BYTES) {
        return false;
    }
    text = (const char *)img->bytes + offset;
    if (strncmp(text, BANNER, strlen(BANNER))) {
        return false;
    }
    text += strlen(BANNER);
    for (len = 0; len < 64 && g_ascii_isgraph(text[len]); len++) {
    }
    if (!len || len == 64 || text[len] != ' ' || text[0] == '%') {
        return false;
    }
    g_snprintf(lx->release, sizeof(lx->release), "Linux %.*s", (int)len, text);
    lx->banner = img->base + offset;
    memcpy(lx->banner_bytes, img->bytes + offset, LINUX_BANNER_BYTES);
    return true;
}

static bool find_banner(Linux *lx, OsiError *err)
{
    const uint8_t *img = lx->image.bytes, *p = img;
    uint64_t va;

    if (linux_sym(lx, "linux_banner", &va) &&
        banner_at(lx, va - lx->image.base)) {
        return true;
    }
    while ((p = memmem(p, img + lx->image.size - p, BANNER, strlen(BANNER)))) {
        if (banner_at(lx, p - img)) {
            return true;
        }
        p++;
    }
    return osi_fail(err, OSI_ERR_NO_OS, lx->image.base,
                    "a kernel image of %" PRIu64 " MiB, but no Linux in it",
                    lx->image.size >> 20);
}

/* A 32-bit image is cut out of the direct map; its symbols know its ends. */
static void trim_image(Linux *lx)
{
    uint64_t base = lx->image.base, end = 0;

    if (lx->word == 4 && linux_sym(lx, "_text", &base)) {
        linux_sym(lx, "_end", &end);
        osi_image_trim(&lx->image, base, end);
    }
}

static void find_tables(Linux *lx)
{
    const OsiImage *img = &lx->image;
    unsigned engines = lx->view->profile.engines;

    osi_fail(&lx->no_syms, OSI_ERR_UNSUPPORTED, 0,
             "not allowed to use the kernel's symbols");
    osi_fail(&lx->no_btf, OSI_ERR_UNSUPPORTED, 0, "not allowed to use BTF");
    if (engines & OSI_ENGINE_SYMBOLS) {
        lx->syms = osi_kallsyms_decode(img->bytes, img->size, img->base,
                                       &lx->no_syms);
    }
    if (engines & OSI_ENGINE_TYPES) {
        lx->own_btf = osi_btf_scan(img->bytes, img->size, BTF_TYPES_MIN,
                                   &lx->btf_at, &lx->no_btf);
    }
    lx->btf = lx->own_btf;
}

static void *linux_detect(const OsiView *view, OsiError *err)
{
    Linux *lx = g_new0(Linux, 1);

    lx->view = view;
    lx->pti = -1;
    if (!osi_image_find(view, &lx->image, err) ||
        !osi_image_load(&view->mem, &lx->image, err)) {
        linux_free(lx);
        return NULL;
    }
    lx->word = osi_paging_word(lx->image.root.paging);
    /* 32 bits: the image is in the direct map, where the kernel's half begins. */
    lx->kernel_lo = lx->word == 8 ? LINUX_KERNEL_LO_64
                                  : lx->image.base - lx->image.pa;
    find_tables(lx);
    trim_image(lx);
    if (!find_banner(lx, err)) {
        linux_free(lx);
        return NULL;
    }
    linux_take_profile(lx);
    linux_find_top_table(lx);
    linux_choose_root(lx);
    linux_choose_engine(lx);
    osi_image_unload(&lx->image);
    return lx;
}

static bool linux_resume(void *os, OsiError *err)
{
    Linux *lx = os;
    uint8_t now[LINUX_BANNER_BYTES];

    g_clear_pointer(&lx->percpu, g_array_unref);
    g_clear_pointer(&lx->stacks, g_array_unref);
    lx->walk_note.kind = OSI_OK;
    linux_kernel_forget(lx);
    lx->memmap.tried = false;
    lx->pti = -1;
    linux_choose_root(lx);
    if (!osi_reader_read(&lx->kernel, lx->banner, now, sizeof(now), err)) {
        return false;
    }
    if (memcmp(now, lx->banner_bytes, sizeof(now)) ||
        !osi_image_entered(lx->view, &lx->image, lx->kernel.root)) {
        return osi_fail(err, OSI_ERR_NO_OS, lx->banner,
                        "the kernel that was here is gone");
    }
    linux_retry_engine(lx);
    return true;
}

static const char *linux_release(void *os)
{
    return ((Linux *)os)->release;
}

/* ---- provider ---- */

static bool linux_kernel_root(void *os, OsiRoot *root, OsiError *err)
{
    Linux *lx = os;

    (void)err;
    *root = lx->kernel.root;
    return true;
}

static uint64_t linux_cr3_mask(void *os)
{
    uint64_t mask = linux_root_mask(os);

    return linux_pti(os) ? mask & ~0x1000ull : mask;
}

/* The kernel's own table or the user's, whichever has more. */
const OsiKallsyms *linux_symbols(const Linux *lx)
{
    const OsiKallsyms *own = lx->syms, *map = lx->profile_map;

    return own && map && osi_kallsyms_count(map) > osi_kallsyms_count(own)
        ? map : own ? own : map;
}

static bool linux_symbol(void *os, const char *name, uint64_t *value,
                         OsiError *err)
{
    Linux *lx = os;

    if (!linux_symbols(lx)) {
        return osi_fail(err, lx->no_syms.kind, lx->no_syms.address, "%s",
                        lx->no_syms.message);
    }
    if (!linux_sym(lx, name, value)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "no kernel symbol %.64s",
                        name);
    }
    return true;
}

static unsigned linux_word_of(void *os)
{
    return ((Linux *)os)->word;
}

/* Modules lie elsewhere; of BPF and trampolines there is no answer. */
static const char *linux_symbol_in(void *os, uint64_t addr, uint64_t *offset,
                                   const char **module)
{
    Linux *lx = os;
    const OsiKallsyms *ks = linux_symbols(lx);
    OsiSymbol s;

    *module = NULL;
    if (addr - lx->image.base >= lx->image.size) {
        return linux_module_symbol(lx, addr, offset, module);
    }
    if (!ks || !osi_kallsyms_at(ks, addr, &s) || s.value < lx->image.base) {
        return NULL;
    }
    if (offset) {
        *offset = addr - s.value;
    }
    return s.name;
}

static bool linux_each_symbol(void *os, OsiSymbolFn fn, void *opaque,
                              OsiError *err)
{
    Linux *lx = os;
    const OsiKallsyms *ks = linux_symbols(lx);

    if (!ks) {
        return osi_fail(err, lx->no_syms.kind, lx->no_syms.address, "%s",
                        lx->no_syms.message);
    }
    for (size_t i = 0; i < osi_kallsyms_count(ks); i++) {
        OsiSymbol s = osi_kallsyms_get(ks, i);

        if (!fn(opaque, s.name, s.type, s.value)) {
            break;
        }
    }
    return true;
}

const OsiProvider osi_linux_provider = {
    .name = "linux",
    .detect = linux_detect,
    .free = linux_free,
    .resume = linux_resume,
    .release = linux_release,
    .check_profile = linux_check_profile,
    .features = linux_features,
    .each_task = linux_each_task,
    .current = linux_current,
    .current_recipe = linux_current_recipe,
    .kernel_root = linux_kernel_root,
    .cr3_mask = linux_cr3_mask,
    .word = linux_word_of,
    .saved_user_regs = linux_saved_user_regs,
    .creds = linux_creds,
    .namespaces = linux_namespaces,
    .cgroup = linux_cgroup,
    .vmas = linux_vmas,
    .saved_user_place = linux_saved_user_place,
    .saved_fpu = linux_saved_fpu,
    .kernel_regs = linux_kernel_regs,
    .kernel_stack = linux_kernel_stack,
    .syscall = linux_syscall,
    .modules = linux_list_modules,
    .module_sections = linux_module_sections,
    .module_symbols = linux_module_symbols,
    .exe_path = linux_exe_path,
    .exe_file = linux_exe_file,
    .command_line = linux_command_line,
    .auxv = linux_auxv,
    .libraries = linux_libraries,
    .tls_block = linux_tls_block,
    .files = linux_files,
    .cwd = linux_cwd,
    .root_path = linux_root_path,
    .file_size = linux_file_size,
    .file_read = linux_file_read,
    .task_numbers = linux_task_numbers,
    .extents = linux_extents,
    .vma_usage = linux_vma_usage,
    .file_lookup = linux_file_lookup,
    .file_inode = linux_file_inode,
    .inode_check = linux_inode_check,
    .inode_read = linux_inode_read,
    .inode_link = linux_inode_link,
    .absent_page = linux_absent_page,
    .symbol = linux_symbol,
    .symbol_in = linux_symbol_in,
    .each_symbol = linux_each_symbol,
    .each_unwind = linux_each_unwind,
    .frame_pointers = linux_has_frame_pointers,
    .build_id = linux_build_id_of,
    .events = linux_events,
};
