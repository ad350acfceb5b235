/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file as an inode: what it is, whether it is still that, its contents.
 *
 * An inode that a question found may be gone at the next one, its memory free
 * or in use for another. It is believed while its file system has it in its
 * list of inodes (evict() takes it out first) and number and generation are
 * what they were.
 */
#include "linux-block.h"
#include "linux-pagecache.h"
#include "linux-paths.h"

#define PAGE            4096
#define LINK_MAX        4096    /* a symbolic link fits in a page */
#define OVERLAY_MAGIC   0x794c7630u

/* In the list of its super block: its neighbour refers back. */
static bool is_listed(Linux *lx, uint64_t inode)
{
    uint64_t self = linux_wrap(lx, inode + lx->f.i_sb_list.offset), next, back;

    return osi_reader_uint(&lx->kernel, self, lx->word, &next, NULL) &&
           next != self && linux_is_object(lx, next) &&
           osi_reader_uint(&lx->kernel, next + lx->word, lx->word, &back,
                           NULL) &&
           back == self;
}

bool linux_inode_info(Linux *lx, uint64_t inode, OsiInode *out, OsiError *err)
{
    const LinuxFields *f = &lx->f;
    const OsiField *const want[] = {
        &f->i_sb, &f->i_ino, &f->i_generation, &f->i_mode, &f->i_size,
        &f->i_mtime,
    };
    OsiInode i = { .object = inode };
    LinuxBlock b;

    if (!linux_can(lx, LINUX_PAGE_CACHE, err)) {
        return false;
    }
    if (!f->i_sb.size || !f->i_ino.size || !f->i_mode.size ||
        !f->i_mapping.size || !f->i_sb_list.size) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, 0,
                        "members of inodes are not known");
    }
    if (!linux_block_read(lx, &b, inode, want, G_N_ELEMENTS(want), "inode",
                          err)) {
        return false;
    }
    i.super = linux_block(&b, &f->i_sb);
    i.number = linux_block(&b, &f->i_ino);
    i.generation = linux_block(&b, &f->i_generation);
    i.mode = linux_block(&b, &f->i_mode);
    i.size = linux_block(&b, &f->i_size);
    i.mtime = linux_block(&b, &f->i_mtime);
    if (!linux_is_object(lx, i.super) || !(i.mode & OSI_MODE_KIND) ||
        i.size >> 63) {
        return osi_fail(err, OSI_ERR_BAD_DATA, inode,
                        "0x%" PRIx64 " cannot be an inode", inode);
    }
    if (!is_listed(lx, inode)) {
        return osi_fail(err, OSI_ERR_NO_SUCH, inode, "inode %" PRIu64
                        " is in no file system any more", i.number);
    }
    *out = i;
    return true;
}

bool linux_inode_check(void *os, const OsiInode *inode, OsiInode *now,
                       OsiError *err)
{
    Linux *lx = os;
    OsiInode i;

    if (!linux_inode_info(lx, inode->object, &i, err)) {
        return false;
    }
    if (i.super != inode->super || i.number != inode->number ||
        i.generation != inode->generation ||
        (i.mode ^ inode->mode) & OSI_MODE_KIND) {
        return osi_fail(err, OSI_ERR_NO_SUCH, inode->object, "inode %" PRIu64
                        " is not in memory any more", inode->number);
    }
    if (now) {
        *now = i;
    }
    return true;
}

bool linux_file_inode(void *os, uint64_t file, OsiInode *inode, OsiError *err)
{
    Linux *lx = os;
    uint64_t mapping, host;

    return linux_file_mapping(lx, file, &mapping, err) &&
           linux_member(lx, mapping, &lx->f.a_host, &host, "mapping", err) &&
           linux_inode_info(lx, host, inode, err);
}

/* The pages of @i; those of an overlay's file hang on a layer's. */
static bool mapping_of(Linux *lx, const OsiInode *i, uint64_t *mapping,
                       OsiError *err)
{
    uint64_t magic, host;

    if (lx->f.s_magic.size &&
        linux_member(lx, i->super, &lx->f.s_magic, &magic, "super block",
                     NULL) && magic == OVERLAY_MAGIC) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, i->object, "a file of an"
                        " overlay that nobody has mapped is not read");
    }
    if (!linux_member(lx, i->object, &lx->f.i_mapping, mapping, "inode", err) ||
        !linux_member(lx, *mapping, &lx->f.a_host, &host, "mapping", err)) {
        return false;
    }
    return host == i->object ||
           osi_fail(err, OSI_ERR_BAD_DATA, *mapping, "pages at 0x%" PRIx64
                    " are not those of inode %" PRIu64, *mapping, i->number);
}

/* Their files are made when they are read; the size they show is 0. */
static bool is_made(Linux *lx, const OsiInode *i)
{
    static const char *const types[] = {
        "proc", "sysfs", "debugfs", "tracefs", "securityfs", "configfs",
        "cgroup", "cgroup2", "fusectl", "efivarfs", "bpf",
    };
    char type[32];

    if (i->size || !linux_fs_type(lx, i->super, type, NULL)) {
        return false;
    }
    for (size_t k = 0; k < G_N_ELEMENTS(types); k++) {
        if (!strcmp(type, types[k])) {
            return true;
        }
    }
    return false;
}

bool linux_inode_read(void *os, const OsiInode *inode, uint64_t offset,
                      void *buf, size_t len, size_t *got, OsiError *err)
{
    Linux *lx = os;
    uint64_t mapping;
    uint8_t page[PAGE];
    size_t done = 0;
    OsiInode now;

    if (!linux_inode_check(lx, inode, &now, err)) {
        return false;
    }
    if ((now.mode & OSI_MODE_KIND) != OSI_MODE_REGULAR) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, inode->object,
                        "not a regular file (mode 0%o)", now.mode);
    }
    if (is_made(lx, &now)) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, inode->object,
                        "a file that the kernel makes when it is read");
    }
    if (!mapping_of(lx, &now, &mapping, err)) {
        return false;
    }
    len = offset >= now.size ? 0 : MIN(len, now.size - offset);
    while (done < len) {
        uint64_t at = offset + done;
        size_t part = MIN(len - done, PAGE - at % PAGE);

        if (!linux_mapping_page(lx, mapping, at / PAGE, page,
                                done ? NULL : err)) {
            if (!done) {
                return false;
            }
            break;
        }
        memcpy((uint8_t *)buf + done, page + at % PAGE, part);
        done += part;
    }
    *got = done;
    return true;
}

/* Short targets lie in the inode, longer ones in the first page. */
static bool link_text(Linux *lx, const OsiInode *i, char text[LINK_MAX + 1],
                      OsiError *err)
{
    uint64_t va = 0, mapping;
    uint8_t page[PAGE];

    if (lx->f.i_link.size &&
        !linux_member(lx, i->object, &lx->f.i_link, &va, "inode", err)) {
        return false;
    }
    if (va) {
        return osi_reader_string(&lx->kernel, va, text, LINK_MAX, err);
    }
    if (!i->size || i->size >= LINK_MAX) {
        return osi_fail(err, OSI_ERR_UNSUPPORTED, i->object,
                        "a link of %" PRIu64 " bytes", i->size);
    }
    if (!mapping_of(lx, i, &mapping, err) ||
        !linux_mapping_page(lx, mapping, 0, page, err)) {
        return false;
    }
    memcpy(text, page, i->size);
    text[i->size] = 0;
    return true;
}

char *linux_inode_link(void *os, const OsiInode *inode, OsiError *err)
{
    Linux *lx = os;
    char text[LINK_MAX + 1];
    OsiInode now;

    if (!linux_inode_check(lx, inode, &now, err)) {
        return NULL;
    }
    if ((now.mode & OSI_MODE_KIND) != OSI_MODE_LINK) {
        osi_fail(err, OSI_ERR_NO_SUCH, inode->object,
                 "not a symbolic link (mode 0%o)", now.mode);
        return NULL;
    }
    if (!link_text(lx, &now, text, err)) {
        return NULL;
    }
    if (!*text) {
        osi_fail(err, OSI_ERR_BAD_DATA, inode->object, "a link to nothing");
        return NULL;
    }
    return g_strdup(text);
}
