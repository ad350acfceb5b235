/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of files, as the Linux provider's files share them. */
#ifndef INTROSPECT_LINUX_PATHS_H
#define INTROSPECT_LINUX_PATHS_H

#include "linux.h"

/* A place in the tree of mounts: struct vfsmount and struct dentry. */
typedef struct LinuxPlace {
    uint64_t mnt, dentry;
} LinuxPlace;

/* Where a climb from a place to the root of the task has ended. */
typedef enum LinuxReach {
    LINUX_REACH_ROOT,       /* at that root */
    LINUX_REACH_TOP,        /* passed it: outside, or a mount of its own */
    LINUX_REACH_ESCAPED,    /* above the directory that is mounted */
} LinuxReach;

/*
 * Names as seen from one root. It remembers directories: make one for each
 * question, it is good only while the guest stands still.
 */
typedef struct LinuxNames LinuxNames;

/* Root of @t; where that cannot be told, the top of the mounts. */
LinuxNames *linux_names_new(Linux *lx, const OsiTask *t);

/* Seen from the top of the mounts of its namespace, whatever its root. */
LinuxNames *linux_names_new_top(Linux *lx);
void linux_names_free(LinuxNames *n);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LinuxNames, linux_names_free)

/* Path alone, "/..."; @reach may be NULL; g_free() it. */
char *linux_path(LinuxNames *n, LinuxPlace p, LinuxReach *reach,
                 OsiError *err);

/* The same with " (deleted)" behind it where the name is gone. */
char *linux_place_name(LinuxNames *n, LinuxPlace p, LinuxReach *reach,
                       OsiError *err);

/* As the link in /proc/PID/fd: "pipe:[7]" for what has no path; g_free(). */
char *linux_file_name(LinuxNames *n, uint64_t file, OsiError *err);

/*
 * Count a path (NULL: none) that goes into a list; @about is whose it is.
 * False: the list takes too much memory, LINUX_PATHS_MAX. A million open files
 * of one long name cost the guest 8 bytes each, and us 4096.
 */
#define LINUX_PATHS_MAX (64u << 20)     /* bytes */
bool linux_names_room(LinuxNames *n, const char *path, uint64_t about,
                      OsiError *err);

/* What an open file stands for (on overlays not the file that is mapped). */
bool linux_file_place(Linux *lx, uint64_t file, LinuxPlace *p, OsiError *err);

/* Root or working directory of a task. */
bool linux_fs_place(Linux *lx, const OsiTask *t, const OsiField *mnt,
                    const OsiField *dentry, LinuxPlace *p, OsiError *err);

/*
 * linux-names.c: names of what lies in no directory. NULL with err->kind
 * OSI_OK: @p is named by its path.
 */
char *linux_pseudo_name(Linux *lx, LinuxPlace p, OsiError *err);

/* Name of the type of a super block ("tmpfs"). */
bool linux_fs_type(Linux *lx, uint64_t sb, char name[32], OsiError *err);

#endif
