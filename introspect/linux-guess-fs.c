/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Layout from data: the directories of a task. In every process one pointer
 * leads to a structure with two places of the tree of mounts in a row: its
 * root and its working directory. Needs what linux-guess-path.c finds.
 */
#include "linux-guess-files.h"
#include "linux-paths.h"

#define FS_BYTES    160         /* of fs_struct, looked at */
#define CHECKED     24          /* processes */

typedef struct Search {
    Guess *g;
    LinuxNames *names;
    size_t user[CHECKED];       /* samples */
    size_t n;
} Search;

static bool is_place(Search *s, const uint8_t *b)
{
    Linux *lx = s->g->lx;
    LinuxPlace p = { linux_word(lx, b), linux_word(lx, b + lx->word) };
    g_autofree char *path = NULL;
    LinuxReach reach;

    if (!linux_is_object(lx, p.mnt) || !linux_is_object(lx, p.dentry)) {
        return false;
    }
    path = linux_path(s->names, p, &reach, NULL);
    return path && reach == LINUX_REACH_TOP;
}

/* Offset of the two places in the structure at @fs, -1 none. */
static int places_in(Search *s, uint64_t fs, int from, int to)
{
    uint8_t b[FS_BYTES];
    int w = s->g->word;

    if (!linux_is_object(s->g->lx, fs) ||
        !osi_reader_read(&s->g->lx->kernel, fs, b, sizeof(b), NULL)) {
        return -1;
    }
    for (int at = from; at <= to && at + 4 * w <= FS_BYTES; at += w) {
        if (is_place(s, b + at) && is_place(s, b + at + 2 * w)) {
            return at;
        }
    }
    return -1;
}

/* The same place in each process; @rel of the task. */
static int fits(Search *s, int rel)
{
    int at = places_in(s, guess_word(s->g, s->user[0], rel), s->g->word,
                       FS_BYTES);

    for (size_t i = 1; at >= 0 && i < s->n; i++) {
        if (places_in(s, guess_word(s->g, s->user[i], rel), at, at) < 0) {
            return -1;
        }
    }
    return at;
}

/* A task may keep the pointer twice (real_fs, fs): the last one counts. */
static bool are_same(Search *s, int a, int b)
{
    for (size_t i = 0; i < s->n; i++) {
        if (guess_word(s->g, s->user[i], a) !=
            guess_word(s->g, s->user[i], b)) {
            return false;
        }
    }
    return true;
}

static void set(Linux *lx, int at)
{
    OsiField *const to[] = {
        &lx->f.fs_root_mnt, &lx->f.fs_root_dentry, &lx->f.fs_pwd_mnt,
        &lx->f.fs_pwd_dentry,
    };

    for (size_t i = 0; i < G_N_ELEMENTS(to); i++) {
        *to[i] = (OsiField) { at + i * lx->word, lx->word };
    }
}

void guess_fs(Guess *g)
{
    Search s = { .g = g, .names = linux_names_new_top(g->lx) };
    int found = -1, place = -1;

    for (size_t i = 0; i < g->n && s.n < CHECKED; i++) {
        if (g->sample[i].user) {
            s.user[s.n++] = i;
        }
    }
    for (int rel = guess_lo(g); s.n && rel + (int)g->word <= GUESS_AFTER;
         rel += g->word) {
        int at = fits(&s, rel);

        if (at < 0) {
            continue;
        }
        if (found >= 0 && !are_same(&s, found, rel)) {
            place = -1;         /* two of them prove neither */
            break;
        }
        found = rel;
        place = at;
    }
    if (place >= 0) {
        g->lx->f.fs = guess_field(g, found, g->word);
        set(g->lx, place);
    }
    linux_names_free(s.names);
}
