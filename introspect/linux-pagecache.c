/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contents of files out of the page cache.
 *
 * A file's pages hang in an XArray by their index. What is found there is
 * believed when the page itself says that it belongs to this file and where.
 * File systems that live in memory alone (tmpfs, ramfs) have nothing else:
 * what is not there was never written and is zeros.
 */
#include "linux-block.h"
#include "linux-pagecache.h"
#include "linux-paths.h"
#include "linux-xarray.h"

#define PAGE            4096
#define FOLIO_PAGES_MAX (1u << 18)      /* a folio of 1 GiB */
#define LAYERS_MAX      4               /* overlays over overlays */
#define S_IFMT          0170000u
#define S_IFREG         0100000u
#define S_IFBLK         0060000u
#define TMPFS_MAGIC     0x01021994u
#define RAMFS_MAGIC     0x858458f6u
#define HUGETLBFS_MAGIC 0x958458f6u

/* ---- from an open file to its pages ---- */

/* A struct file whose mapping and inode refer to one another. */
static bool is_open_file(Linux *lx, uint64_t file, uint64_t *mapping)
{
    uint64_t inode, host, own;

    return linux_member(lx, file, &lx->f.file_inode, &inode, "file", NULL) &&
           linux_member(lx, file, &lx->f.file_mapping, mapping, "file", NULL) &&
           linux_member(lx, *mapping, &lx->f.a_host, &host, "mapping", NULL) &&
           linux_member(lx, inode, &lx->f.i_mapping, &own, "inode", NULL) &&
           own == *mapping && linux_is_object(lx, host);
}

static bool on_overlay(Linux *lx, uint64_t file)
{
    uint64_t inode, sb;
    char type[32];

    return lx->f.file_inode.size && lx->f.i_sb.size && lx->f.i_mapping.size &&
           lx->f.file_private.size &&
           linux_member(lx, file, &lx->f.file_inode, &inode, "file", NULL) &&
           linux_member(lx, inode, &lx->f.i_sb, &sb, "inode", NULL) &&
           linux_fs_type(lx, sb, type, NULL) && !strcmp(type, "overlay");
}

/*
 * The file of a layer hangs on private_data of the overlay's: itself, or as
 * the first word of a structure (ovl_file). The overlay is often a module, its
 * types are not in the kernel's BTF.
 */
static bool below_overlay(Linux *lx, uint64_t *file, uint64_t *mapping)
{
    uint64_t real, inner;

    if (!linux_member(lx, *file, &lx->f.file_private, &real, "file", NULL)) {
        return false;
    }
    if (is_open_file(lx, real, mapping)) {
        *file = real;
        return true;
    }
    if (linux_is_object(lx, real) &&
        osi_reader_uint(&lx->kernel, real, lx->word, &inner, NULL) &&
        is_open_file(lx, inner, mapping)) {
        *file = inner;
        return true;
    }
    return false;
}

bool linux_file_mapping(Linux *lx, uint64_t file, uint64_t *mapping,
                        OsiError *err)
{
    uint64_t at = file, m;

    if (!linux_can(lx, LINUX_PAGE_CACHE, err) ||
        !linux_member(lx, at, &lx->f.file_mapping, &m, "file", err)) {
        return false;
    }
    for (int i = 0; i < LAYERS_MAX && on_overlay(lx, at); i++) {
        if (!below_overlay(lx, &at, &m)) {
            return osi_fail(err, OSI_ERR_UNSUPPORTED, at,
                            "a file of an overlay whose layer is not found");
        }
    }
    *mapping = m;
    return true;
}

static bool host_of(Linux *lx, uint64_t mapping, uint64_t *inode,
                    OsiError *err)
{
    uint64_t mode;

    if (!linux_member(lx, mapping, &lx->f.a_host, inode, "mapping", err)) {
        return false;
    }
    if (!lx->f.i_mode.size) {
        return true;
    }
    if (!linux_member(lx, *inode, &lx->f.i_mode, &mode, "inode", err)) {
        return false;
    }
    if ((mode & S_IFMT) != S_IFREG && (mode & S_IFMT) != S_IFBLK) {
        return osi_fail(err, OSI_ERR_NO_SUCH, *inode,
                        "neither a regular file nor a disk (mode 0%o)",
                        (unsigned)mode);
    }
    return true;
}

bool linux_mapping_size(Linux *lx, uint64_t mapping, uint64_t *size,
                        OsiError *err)
{
    uint64_t inode, n;

    if (!host_of(lx, mapping, &inode, err) ||
        !linux_member(lx, inode, &lx->f.i_size, &n, "inode", err)) {
        return false;
    }
    if (n >> 63) {
        return osi_fail(err, OSI_ERR_BAD_DATA, inode, "file of negative size");
    }
    *size = n;
    return true;
}

/* Of the file system; 0 unknown. */
static uint64_t magic_of(Linux *lx, uint64_t mapping)
{
    uint64_t inode, sb, magic;

    return lx->f.i_sb.size && lx->f.s_magic.size &&
           linux_member(lx, mapping, &lx->f.a_host, &inode, "mapping", NULL) &&
           linux_member(lx, inode, &lx->f.i_sb, &sb, "inode", NULL) &&
           linux_member(lx, sb, &lx->f.s_magic, &magic, "super block", NULL)
           ? magic : 0;
}

/* ---- from an index to a page ---- */

static bool find_entry(Linux *lx, uint64_t mapping, uint64_t index,
                       uint64_t *entry, OsiError *err)
{
    const OsiXaShape shape = {
        lx->word, lx->f.xn_shift.offset, lx->f.xn_slots.offset,
        lx->f.xn_slots.size / lx->word,
    };
    OsiXaSlot slot = { .shift = 64 };
    uint8_t node[OSI_XA_NODE_MAX];
    uint64_t at;
    OsiError why;

    if (!osi_xa_shape_ok(&shape)) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, 0,
                        "BTF: xa_node has %u slots", shape.n_slots);
    }
    if (!linux_member(lx, mapping, &lx->f.xa_head, &slot.entry, "mapping",
                      err)) {
        return false;
    }
    if (!osi_xa_is_node(slot.entry)) {
        *entry = index ? 0 : slot.entry;
        return true;
    }
    /* The shift goes down with each step. */
    while (osi_xa_is_node(slot.entry)) {
        at = osi_xa_node(slot.entry);
        if (slot.shift == 0 || !linux_is_object(lx, at)) {
            return osi_fail(err, OSI_ERR_BAD_DATA, at,
                            "0x%" PRIx64 " cannot be an xarray node", at);
        }
        if (!osi_reader_read(&lx->kernel, at, node, osi_xa_bytes(&shape),
                             err)) {
            return false;
        }
        if (!osi_xa_slot(&shape, node, index, slot.shift, &slot, &why)) {
            return osi_fail(err, why.kind, at + why.address, "%s", why.message);
        }
    }
    *entry = slot.entry;
    return true;
}

/* Pages of a folio behind the first refer to it; so no other is taken. */
static bool check_tail(Linux *lx, uint64_t page, uint64_t n, OsiError *err)
{
    uint64_t tail = page + n * lx->f.page_whole.size, head;

    if (!n || !lx->f.page_head.size) {
        return true;
    }
    if (!linux_member(lx, tail, &lx->f.page_head, &head, "page", err)) {
        return false;
    }
    return head == page + 1 ||
           osi_fail(err, OSI_ERR_BAD_DATA, tail, "page %" PRIu64
                    " of a folio does not belong to 0x%" PRIx64, n, page);
}

static bool check_page(Linux *lx, uint64_t mapping, uint64_t index,
                       uint64_t page, uint64_t *first, OsiError *err)
{
    const LinuxFields *f = &lx->f;
    const OsiField *const want[] = {
        &f->page_mapping, &f->page_index, &f->page_flags,
    };
    uint64_t at;
    LinuxBlock b;

    if (!linux_block_read(lx, &b, page, want, G_N_ELEMENTS(want), "page",
                          err)) {
        return false;
    }
    at = linux_block(&b, &f->page_index);
    if (linux_block(&b, &f->page_mapping) != mapping || at > index ||
        index - at >= FOLIO_PAGES_MAX) {
        return osi_fail(err, OSI_ERR_BAD_DATA, page,
                        "page for index %" PRIu64 " says it is %" PRIu64 " of"
                        " 0x%" PRIx64, index, at,
                        linux_block(&b, &f->page_mapping));
    }
    if (lx->pg_uptodate >= 0 &&
        !(linux_block(&b, &f->page_flags) >> lx->pg_uptodate & 1)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, index * PAGE,
                        "page %" PRIu64 " of the file is being read", index);
    }
    *first = at;
    return check_tail(lx, page, index - at, err);
}

bool linux_cached_page(Linux *lx, uint64_t mapping, uint64_t index,
                       uint64_t *page, uint64_t *first, OsiError *err)
{
    uint64_t entry;

    *page = 1;
    if (!find_entry(lx, mapping, index, &entry, err)) {
        return false;
    }
    if (!entry || osi_xa_is_mark(entry)) {
        *page = 0;
        return osi_fail(err, OSI_ERR_NO_SUCH, index * PAGE,
                        "page %" PRIu64 " of the file is not in the page cache",
                        index);
    }
    if (osi_xa_is_value(entry)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, index * PAGE,
                        "page %" PRIu64 " of the file is not in the page cache"
                        " any more (entry 0x%" PRIx64 ")", index, entry);
    }
    if (!check_page(lx, mapping, index, entry, first, err)) {
        return false;
    }
    *page = entry;
    return true;
}

bool linux_mapping_page(Linux *lx, uint64_t mapping, uint64_t index,
                        uint8_t to[4096], OsiError *err)
{
    const OsiMemory *mem = lx->kernel.mem;
    uint64_t magic = magic_of(lx, mapping), page, first, pfn, off;
    const LinuxMemMap *map;

    if (magic == HUGETLBFS_MAGIC) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, mapping,
                        "files of hugetlbfs are not read");
    }
    if (!linux_cached_page(lx, mapping, index, &page, &first, err)) {
        if (page || (magic != TMPFS_MAGIC && magic != RAMFS_MAGIC)) {
            return false;
        }
        memset(to, 0, PAGE);
        return true;
    }
    map = linux_memmap(lx, err);
    if (!map) {
        return false;
    }
    off = page - map->base;
    pfn = off / lx->f.page_whole.size + (index - first);
    if (page < map->base || off % lx->f.page_whole.size ||
        pfn >= (1ull << 52) / PAGE ||
        !mem->read(mem->opaque, pfn * PAGE, to, PAGE)) {
        return osi_fail(err, OSI_ERR_BAD_DATA, page, "0x%" PRIx64
                        " is not the struct page of any RAM", page);
    }
    return true;
}

/* ---- the provider's operations ---- */

bool linux_file_size(void *os, uint64_t file, uint64_t *size, OsiError *err)
{
    Linux *lx = os;
    uint64_t mapping;

    return linux_file_mapping(lx, file, &mapping, err) &&
           linux_mapping_size(lx, mapping, size, err);
}

bool linux_file_read(void *os, uint64_t file, uint64_t offset, void *buf,
                     size_t len, OsiError *err)
{
    Linux *lx = os;
    uint64_t mapping, size;
    uint8_t page[PAGE];
    size_t done = 0;

    if (!linux_file_mapping(lx, file, &mapping, err) ||
        !linux_mapping_size(lx, mapping, &size, err)) {
        return false;
    }
    if (offset > size || len > size - offset) {
        return osi_fail(err, OSI_ERR_NO_SUCH, size,
                        "the file ends after %" PRIu64 " bytes", size);
    }
    while (done < len) {
        uint64_t at = offset + done;
        size_t part = MIN(len - done, PAGE - at % PAGE);

        if (!linux_mapping_page(lx, mapping, at / PAGE, page, err)) {
            return false;
        }
        memcpy((uint8_t *)buf + done, page + at % PAGE, part);
        done += part;
    }
    return true;
}
