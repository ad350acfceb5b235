/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that gdb reads over the wire (vFile), and who has them: the guest's
 * page cache, a /proc made of what introspection knows, what the stub itself
 * makes ("/gdbx/..."), a directory of the host.
 *
 * Main thread, BQL, machine stopped. Nothing can be written.
 */
#ifndef GDBX_FILES_H
#define GDBX_FILES_H

#include "introspect/inode.h"

/* Errors are numbers of gdb's File-I/O protocol (gdb doc, "Errno Values"). */
enum {
    GDBX_EPERM = 1, GDBX_ENOENT = 2, GDBX_EIO = 5, GDBX_EBADF = 9,
    GDBX_EACCES = 13, GDBX_ENOTDIR = 20, GDBX_EISDIR = 21, GDBX_EINVAL = 22,
    GDBX_EMFILE = 24, GDBX_EFBIG = 27, GDBX_EROFS = 30, GDBX_ENOSYS = 88,
    GDBX_ENAMETOOLONG = 91,
};

typedef struct GdbxFile GdbxFile;

typedef struct GdbxFileOps {
    /*
     * [offset, offset + len): how many bytes, 0 behind the end, or a negative
     * error. A short read is the part in front of a hole; a read that begins
     * in a hole is -GDBX_EIO, never zeros. The guest may have run since the
     * file was opened, and may have removed it.
     */
    int64_t (*read)(GdbxFile *f, uint64_t offset, void *buf, size_t len);
    /* Frees what @f has, and @f. */
    void (*free)(GdbxFile *f);
} GdbxFileOps;

/* Embedded at the front of the source's own. */
struct GdbxFile {
    const GdbxFileOps *ops;
    uint64_t size;          /* bytes; 0: only reading tells */
    uint64_t inode;
    uint32_t mode;          /* as st_mode of Linux */
    int64_t mtime;          /* seconds since 1970, 0 unknown */
};

typedef struct GdbxFileSource {
    const char *prefix;     /* which paths are its: "/proc/", "" any */
    bool alone;             /* nobody else is asked for those */
    /*
     * @pid: whose root and mounts are meant (a guest process id); 0: of the
     * machine. @path: absolute, no NUL. NULL with *err set; then the next
     * source whose prefix fits is asked.
     */
    GdbxFile *(*open)(int32_t pid, const char *path, int *err);
    /* The target of a symbolic link; g_free(). NULL: no links in it. */
    char *(*readlink)(int32_t pid, const char *path, int *err);
} GdbxFileSource;

/* Each is one row of the table in vfile.c, asked in that order. */
extern const GdbxFileSource gdbx_files_proc;      /* procfs.c */
extern const GdbxFileSource gdbx_files_own;       /* kernel-files.c */
extern const GdbxFileSource gdbx_files_guest;     /* guest-files.c */
extern const GdbxFileSource gdbx_files_host;      /* host-files.c */

/* A file whose content is there: takes over @data. */
GdbxFile *gdbx_file_new(GString *data, uint32_t mode);

/* A packet that may be answered while the guest runs. */
bool gdbx_file_needs_no_guest(const char *packet);

/* The client is gone: closes all files. */
void gdbx_files_reset(void);

/* --- the directory of the host (host-files.c) ----------------------------- */

/*
 * @dir instead of the one there was; NULL: none any more. Files below it are
 * found as in a chroot: neither ".." nor a link leads out. Regular files only.
 */
bool gdbx_sysroot_set(const char *dir, Error **errp);

/* The file on the host that has the name of one of the guest. */
typedef struct GdbxHostTwin GdbxHostTwin;

/*
 * For a hole in @inode, a file of the guest: bytes from @offset on of the
 * host's file @path, if that is provably the same file; how many, 0: none.
 * *twin: NULL at first, kept by the caller, gdbx_host_twin_free().
 */
size_t gdbx_host_fill(GdbxHostTwin **twin, const OsiInode *inode,
                      const char *path, uint64_t offset, void *buf, size_t len);
void gdbx_host_twin_free(GdbxHostTwin *twin);

#endif
