/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that a recording needs, and their checksums; for needs.c. */
#ifndef REPLAY_GDBX_NEEDS_H
#define REPLAY_GDBX_NEEDS_H

#include "qobject/qdict.h"

/*
 * {what for: {"name", "size", "changed", "sha256"}}: the kernel and the like, and
 * what drives read. @recording: the checksums of those that the guest may write
 * are made now, of the others while it runs.
 */
QDict *needs_files(bool recording);
/* Adds the checksums that are ready. The process ends. */
void needs_files_finish(QDict *files);
/* Says what differs from @was (may be NULL); how many. */
unsigned needs_files_differ(const char *recording, QDict *was);

/* {"bytes", "crc32": [of each MiB]}; NULL: it cannot be read. */
QDict *needs_checksums(const char *file);
/* NULL: equal. Else where they differ; g_free(). */
char *needs_checksums_differ(QDict *was, QDict *is);

#endif
