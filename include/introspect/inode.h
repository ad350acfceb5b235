/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the guest by their names, and their contents as long as the guest
 * has them in memory. Rules: see guest.h.
 *
 * Unlike the file objects of process.h an OsiInode may be kept while the guest
 * runs: each question compares the identity with what is there by then.
 */
#ifndef INTROSPECT_INODE_H
#define INTROSPECT_INODE_H

#include "introspect/process.h"

/* A file; what follows @number is as it was when the question was answered. */
typedef struct OsiInode {
    uint64_t object;        /* address of the OS's own structure */
    uint64_t super;         /* the file system's; with the rest the identity */
    uint64_t number;
    uint32_t generation;    /* differs where a number is used again; or 0 */
    uint32_t mode;          /* as st_mode: kind and rights */
    uint64_t size;          /* bytes */
    int64_t mtime;          /* seconds since 1970, 0 unknown */
} OsiInode;

enum {                      /* bits of OsiInode.mode */
    OSI_MODE_KIND = 0170000, OSI_MODE_DIRECTORY = 0040000,
    OSI_MODE_REGULAR = 0100000, OSI_MODE_LINK = 0120000,
};

/*
 * The file that @path (absolute) names for @t: from its root, through its
 * mounts, along symbolic links; with @follow the last one too. Only names that
 * the guest's kernel has in its cache are found. OSI_ERR_NO_SUCH says whether
 * the file is known not to exist or its name is not in memory.
 */
bool osi_file_lookup(OsiGuest *g, const OsiTask *t, const char *path,
                     bool follow, OsiInode *inode, OsiError *err);

/* The file behind a file object (OsiVma.file, osi_exe_file()). */
bool osi_file_inode(OsiGuest *g, uint64_t file, OsiInode *inode,
                    OsiError *err);

/*
 * Is it still that file? @now (may be NULL) gets it as it is. A file that was
 * deleted is there as long as somebody has it open. OSI_ERR_NO_SUCH: it is
 * gone, or the kernel has dropped it and may have read it anew elsewhere.
 */
bool osi_inode_check(OsiGuest *g, const OsiInode *inode, OsiInode *now,
                     OsiError *err);

/*
 * Up to @len bytes from @offset on; *got: how many, up to the end of the file
 * or to a page that is not in memory. False when not even the first can be
 * had: OSI_ERR_NO_SUCH when only the disk has it. Never zeros for a hole; only
 * what tmpfs and ramfs do not have is zeros, as in the guest.
 */
bool osi_inode_read(OsiGuest *g, const OsiInode *inode, uint64_t offset,
                    void *buf, size_t len, size_t *got, OsiError *err);

/* Target of a symbolic link; g_free() it. */
char *osi_inode_link(OsiGuest *g, const OsiInode *inode, OsiError *err);

#endif
