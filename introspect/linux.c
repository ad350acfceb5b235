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
#include "linux.h"

#define BANNER "Linux version "
#define BTF_TYPES_MIN 1000

bool linux_sym(const Linux *lx, const char *name, uint64_t *value)
{
    return lx->syms && osi_kallsyms_find(lx->syms, name, value);
}

static void linux_free(void *os)
{
    Linux *lx = os;

    osi_image_unload(&lx->image);
    osi_kallsyms_free(lx->syms);
    osi_btf_free(lx->btf);
    if (lx->percpu) {
        g_array_unref(lx->percpu);
    }
    g_free(lx);
}

/* ---- detection ---- */

static bool banner_at(Linux *lx, uint64_t offset)
{
    const OsiImage *img = &lx->image;
    const char *text;
    size_t len;

    if (offset >= img->size || img->size - offset < 128) {
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

static void find_init_task(Linux *lx)
{
    uint8_t comm[7];

    if (linux_sym(lx, "init_task", &lx->init_task) && lx->f.comm.size &&
        (!osi_reader_read(&lx->kernel, lx->init_task + lx->f.comm.offset, comm,
                          sizeof(comm), NULL) ||
         memcmp(comm, "swapper", 7))) {
        lx->init_task = 0;
    }
    if (lx->init_task) {
        return;
    }
    if (!lx->cannot[LINUX_TASKS].kind) {
        osi_fail(&lx->cannot[LINUX_TASKS], OSI_ERR_UNSUPPORTED,
                 lx->no_syms.address, "no init_task: %s", lx->syms
                 ? "its comm is not swapper" : lx->no_syms.message);
    }
}

/* Everything else leans on the walk over tasks. */
static void spread_reasons(Linux *lx)
{
    const OsiError *why = &lx->cannot[LINUX_TASKS];

    for (int i = 0; why->kind && i < LINUX_CAN_COUNT; i++) {
        if (!lx->cannot[i].kind) {
            lx->cannot[i] = *why;
        }
    }
}

static void *linux_detect(const OsiView *view, OsiError *err)
{
    Linux *lx = g_new0(Linux, 1);
    bool ok;

    lx->view = view;
    lx->pti = -1;
    if (!osi_image_find(view, &lx->image, err) ||
        !osi_image_load(&view->mem, &lx->image, err)) {
        linux_free(lx);
        return NULL;
    }
    lx->syms = osi_kallsyms_decode(lx->image.bytes, lx->image.size,
                                   lx->image.base, &lx->no_syms);
    ok = find_banner(lx, err);
    if (ok) {
        lx->btf = osi_btf_scan(lx->image.bytes, lx->image.size, BTF_TYPES_MIN,
                               &lx->btf_at, &lx->no_btf);
    }
    osi_image_unload(&lx->image);
    if (!ok) {
        linux_free(lx);
        return NULL;
    }
    linux_choose_root(lx);
    linux_fill_fields(lx);
    find_init_task(lx);
    spread_reasons(lx);
    return lx;
}

static bool linux_resume(void *os, OsiError *err)
{
    Linux *lx = os;
    uint8_t now[LINUX_BANNER_BYTES];

    g_clear_pointer(&lx->percpu, g_array_unref);
    lx->walk_note.kind = OSI_OK;
    linux_choose_root(lx);
    if (!osi_reader_read(&lx->kernel, lx->banner, now, sizeof(now), err)) {
        return false;
    }
    if (memcmp(now, lx->banner_bytes, sizeof(now)) ||
        !osi_image_entered(lx->view, &lx->image, lx->kernel.root)) {
        return osi_fail(err, OSI_ERR_NO_OS, lx->banner,
                        "the kernel that was here is gone");
    }
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
    return linux_pti(os) ? 0x000fffffffffe000ull : 0x000ffffffffff000ull;
}

static bool linux_symbol(void *os, const char *name, uint64_t *value,
                         OsiError *err)
{
    Linux *lx = os;

    if (!lx->syms) {
        return osi_fail(err, lx->no_syms.kind, lx->no_syms.address, "%s",
                        lx->no_syms.message);
    }
    if (!osi_kallsyms_find(lx->syms, name, value)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, 0, "no kernel symbol %.64s",
                        name);
    }
    return true;
}

/* Modules and BPF lie elsewhere: outside the image there is no answer. */
static const char *linux_symbol_at(void *os, uint64_t addr, uint64_t *offset)
{
    Linux *lx = os;
    OsiSymbol s;

    if (!lx->syms || addr - lx->image.base >= lx->image.size ||
        !osi_kallsyms_at(lx->syms, addr, &s) || s.value < lx->image.base) {
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

    if (!lx->syms) {
        return osi_fail(err, lx->no_syms.kind, lx->no_syms.address, "%s",
                        lx->no_syms.message);
    }
    for (size_t i = 0; i < osi_kallsyms_count(lx->syms); i++) {
        OsiSymbol s = osi_kallsyms_get(lx->syms, i);

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
    .features = linux_features,
    .each_task = linux_each_task,
    .current = linux_current,
    .current_recipe = linux_current_recipe,
    .kernel_root = linux_kernel_root,
    .cr3_mask = linux_cr3_mask,
    .saved_user_regs = linux_saved_user_regs,
    .exe_path = linux_exe_path,
    .command_line = linux_command_line,
    .auxv = linux_auxv,
    .symbol = linux_symbol,
    .symbol_at = linux_symbol_at,
    .each_symbol = linux_each_symbol,
};
