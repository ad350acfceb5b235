/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names for instruction counts. Those of a recording are kept beside it, in
 * F.bookmarks: a line each, so that a person can read and edit it. Main thread.
 */
#ifndef REPLAY_BOOKMARKS_H
#define REPLAY_BOOKMARKS_H

#define BOOKMARK_NAME 64        /* longest name, with its end */
#define BOOKMARKS_MAX 1000

typedef struct Bookmark {
    char name[BOOKMARK_NAME];
    uint64_t icount;
} Bookmark;

/* Letters, digits, . _ and -; begins with a letter or _. */
bool bookmark_name_ok(const char *name);
/*
 * A new one, or another place for one that is there. NULL: done; else what is
 * wrong, a constant: it may be that only the file could not be written.
 */
const char *bookmark_set(const char *name, uint64_t icount);
/* NULL: done; else a constant. */
const char *bookmark_delete(const char *name);
/* NULL: there is none. */
const Bookmark *bookmark_find(const char *name);
/* The last one at or before @icount; NULL. */
const Bookmark *bookmark_before(uint64_t icount);
/* All, by place. Good until one is set or deleted. */
const Bookmark *bookmarks_all(size_t *n);
/*
 * Why a file of bookmarks was left aside; NULL: there was none, or it was read.
 * A constant.
 */
const char *bookmarks_why_not(void);

#endif
