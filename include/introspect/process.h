/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The address space of a process and the files in it. Rules: see guest.h.
 * Threads of one process give the same answers.
 */
#ifndef INTROSPECT_PROCESS_H
#define INTROSPECT_PROCESS_H

#include "introspect/task.h"

enum { OSI_READ = 1, OSI_WRITE = 2, OSI_EXEC = 4, OSI_SHARED = 8 };

/* One mapping, as a line of /proc/PID/maps. */
typedef struct OsiVma {
    uint64_t start, end;    /* [start, end), bytes */
    uint64_t offset;        /* into the file, bytes */
    unsigned rights;        /* OSI_READ... */
    uint64_t object;        /* OS's own structure; 0 unknown */
    uint64_t file;          /* OS's file object; 0 anonymous */
    uint64_t inode;         /* number; 0 anonymous */
    uint32_t dev_major, dev_minor;
    char *path;             /* as in maps: a path as the process sees it, with
                               " (deleted)" behind it; "[heap]", "[stack]",
                               "[vdso]", "[vvar]"; NULL where maps has none */
} OsiVma;

/* Ascending by address. */
const OsiVma *osi_vmas(OsiGuest *g, const OsiTask *t, size_t *n, OsiError *err);

/* NULL when @va is in no mapping. */
const OsiVma *osi_vma_at(OsiGuest *g, const OsiTask *t, uint64_t va,
                         OsiError *err);

/* Path of the executable as the process sees it; g_free() the result. */
char *osi_exe_path(OsiGuest *g, const OsiTask *t, OsiError *err);

/* Its file object, for osi_file_read(); 0 when there is none. */
uint64_t osi_exe_file(OsiGuest *g, const OsiTask *t, OsiError *err);

/*
 * Where exec(2) put things, addresses in the process; each 0 where it is not
 * known. Arguments and environment are strings with a NUL behind each.
 */
typedef struct OsiExtents {
    uint64_t arg_start, arg_end, env_start, env_end, code_start, code_end,
             data_start, data_end, brk_start, brk, stack_start;
    int core_filter;        /* as /proc/PID/coredump_filter, -1 unknown */
} OsiExtents;

/* OSI_ERR_NO_SUCH: it has no address space. */
bool osi_extents(OsiGuest *g, const OsiTask *t, OsiExtents *e, OsiError *err);

/* What of a mapping is in memory, as /proc/PID/smaps counts; bytes. */
typedef struct OsiUsage {
    uint64_t resident, anonymous;
    uint32_t flags;         /* VM_... of Linux, the low 32 bits */
} OsiUsage;

/* @pages_max bounds the work: OSI_ERR_LIMIT when more are there. */
bool osi_vma_usage(OsiGuest *g, const OsiTask *t, const OsiVma *vma,
                   size_t pages_max, OsiUsage *u, OsiError *err);

/* argv joined by spaces (or "[comm]" for kernel threads); g_free(). */
char *osi_command_line(OsiGuest *g, const OsiTask *t, OsiError *err);

/* Auxiliary vector as in /proc/PID/auxv, AT_NULL included; unref it. */
GByteArray *osi_auxv(OsiGuest *g, const OsiTask *t, OsiError *err);

/* A shared object in the dynamic linker's list (struct link_map of ld.so). */
typedef struct OsiLibrary {
    uint64_t link_map;      /* address of its entry in the process */
    uint64_t base;          /* l_addr: what is added to its own addresses */
    uint64_t dynamic;       /* l_ld */
    char *name;             /* l_name; "" for the executable and the vdso */
    uint64_t space;         /* its namespace (dlmopen): address of r_debug */
} OsiLibrary;

/*
 * In the list's own order, the executable first; then the lists of the other
 * namespaces. OSI_ERR_NO_SUCH: a static program, or ld.so has not run yet; the
 * message says which.
 */
const OsiLibrary *osi_libraries(OsiGuest *g, const OsiTask *t, size_t *n,
                                OsiError *err);

/*
 * Where thread @t, whose thread pointer is @tp (x86: FS base, of a 32-bit
 * program GS base), keeps the thread-local variables of the library with
 * @link_map; 0: of the executable. OSI_ERR_NO_SUCH: there are none, or the
 * thread has not used them yet, so that nothing is allocated.
 */
bool osi_tls_block(OsiGuest *g, const OsiTask *t, uint64_t tp,
                   uint64_t link_map, uint64_t *block, OsiError *err);

/* An open file. */
typedef struct OsiFile {
    int fd;
    uint64_t object;        /* for osi_file_read() */
    uint64_t pos;           /* bytes */
    uint32_t flags;         /* O_* as in /proc/PID/fdinfo, octal there */
    uint64_t inode;
    char *path;             /* as the process's own link in /proc/self/fd */
} OsiFile;

const OsiFile *osi_files(OsiGuest *g, const OsiTask *t, size_t *n,
                         OsiError *err);

/*
 * Working directory as the process sees it, "(unreachable)" before it outside
 * of its root; root directory as seen from the top of its mounts; g_free().
 */
char *osi_cwd(OsiGuest *g, const OsiTask *t, OsiError *err);
char *osi_root_path(OsiGuest *g, const OsiTask *t, OsiError *err);

/* Size in bytes of the file behind a file object. */
bool osi_file_size(OsiGuest *g, uint64_t file, uint64_t *size, OsiError *err);

/*
 * [offset, offset + len) of a file out of the guest's page cache. All or
 * nothing: a page that is not there is OSI_ERR_NO_SUCH with the first missing
 * offset as the error's address, never zeros. Only what a file system that
 * lives in memory alone (tmpfs) does not have is zeros, as in the guest.
 */
bool osi_file_read(OsiGuest *g, uint64_t file, uint64_t offset, void *buf,
                   size_t len, OsiError *err);

/*
 * Memory of a process: what its page tables map, and where they do not, file
 * pages from the page cache and zeros for anonymous memory that was never
 * touched, as the process itself would read them. Swapped pages are errors.
 */
bool osi_process_read(OsiGuest *g, const OsiTask *t, uint64_t va, void *buf,
                      size_t len, OsiError *err);

#endif
