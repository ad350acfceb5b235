/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are kept beside a recording F: F.bookmarks, F.index. They name the
 * recording by what is in it, so that those of another one, which had the same
 * file name, are told from its own.
 */
#ifndef REPLAY_BESIDE_H
#define REPLAY_BESIDE_H

/* The recording that is made or replayed; NULL: none is. QEMU's. */
const char *beside_recording(void);
/* "F.@extension"; g_free(). NULL: there is no recording. */
char *beside_name(const char *extension);

/* A recording, or the first bytes of one that was still being made. */
typedef struct BesideId {
    uint64_t bytes;             /* that count, from its start */
    char sum[65];               /* SHA-256 of its first and last MiB, in hex */
} BesideId;

/*
 * Of the recording as far as it is in its file now; @bytes: of so many of its
 * bytes, 0: all. False: there is none, or it has not got so many.
 */
bool beside_id(uint64_t bytes, BesideId *id);
/* Has the recording that is made or replayed begun as @id says? */
bool beside_matches(const BesideId *id);

#endif
