/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places in the guest's time, as a person writes them. See place.h. */
#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "replay/bookmarks.h"
#include "replay/recording.h"
#include "replay/timeline.h"
#include "gdbstub/gdbx/args.h"
#include "gdbstub/gdbx/place.h"

uint64_t gdbx_place_end(void)
{
    const RecordingInfo *r = recording_info();

    return r && r->instructions ? r->instructions - 1 : 0;
}

static uint64_t start(void)
{
    return timeline_status().first;
}

static const struct {
    const char *word;
    uint64_t (*place)(void);
} words[] = { { "start", start }, { "end", gdbx_place_end } };

bool gdbx_place_reserved(const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (!strcmp(name, words[i].word)) {
            return true;
        }
    }
    return false;
}

/* "12.5%": of the recording's instructions. */
static bool percent(const char *word, uint64_t *icount, char **why)
{
    double part;

    if (qemu_strtod_finite(word, &word, &part) || strcmp(word, "%") ||
        part < 0 || part > 100) {
        *why = g_strdup("a percentage is a number from 0 to 100, and %");
    } else if (!gdbx_place_end()) {
        *why = g_strdup("it is not known where a recording ends");
    } else {
        *icount = MIN(part / 100 * (gdbx_place_end() + 1), gdbx_place_end());
        return true;
    }
    return false;
}

/* "+N", "-N": from the present. */
static bool relative(const char *word, uint64_t *icount, char **why)
{
    uint64_t now = timeline_now().icount, n;

    if (!gdbx_word_number(word + 1, &n) || n > INT64_MAX) {
        *why = g_strdup_printf("%c has to be followed by a number of "
                               "instructions", *word);
    } else if (*word == '-' && n > now) {
        *why = g_strdup_printf("only %" PRIu64 " instructions are behind",
                               now);
    } else {
        *icount = *word == '-' ? now - n : now + n;
        return true;
    }
    return false;
}

static bool named(const char *word, uint64_t *icount, char **why)
{
    const Bookmark *m = bookmark_find(word);

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (!strcmp(word, words[i].word)) {
            *icount = words[i].place();
            return true;
        }
    }
    if (m) {
        *icount = m->icount;
    } else {
        *why = g_strdup_printf("there is no place '%.64s': no number, and no "
                               "bookmark", word);
    }
    return m;
}

bool gdbx_place(const char **args, uint64_t *icount, char **why)
{
    GdbxWord word;

    if (!gdbx_next_word(args, word)) {
        *why = g_strdup("which place?");
        return false;
    }
    if (*word == '+' || *word == '-') {
        return relative(word, icount, why);
    }
    if (word[strlen(word) - 1] == '%') {
        return percent(word, icount, why);
    }
    if (gdbx_word_number(word, icount) && *icount <= INT64_MAX) {
        return true;
    }
    return named(word, icount, why);
}
