/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files beside a recording: whose they are. See include/replay/beside.h. */
#include "qemu/osdep.h"
#include "system/replay.h"
#include "replay/beside.h"

/* In front of the events; the recorder writes it once more at its end. */
#define HEADER 12
#define PART (1 << 20)

const char *beside_recording(void)
{
    bool any = replay_mode == REPLAY_MODE_RECORD ||
               replay_mode == REPLAY_MODE_PLAY;

    return any ? replay_get_filename() : NULL;
}

char *beside_name(const char *extension)
{
    const char *file = beside_recording();

    return file ? g_strconcat(file, ".", extension, NULL) : NULL;
}

/* Adds the bytes @from to @to of @f. */
static bool add(GChecksum *sum, FILE *f, uint64_t from, uint64_t to)
{
    char buf[16384];

    if (fseeko(f, from, SEEK_SET)) {
        return false;
    }
    while (from < to) {
        size_t n = fread(buf, 1, MIN(sizeof(buf), to - from), f);

        if (!n) {
            return false;
        }
        g_checksum_update(sum, (guchar *)buf, n);
        from += n;
    }
    return true;
}

bool beside_id(uint64_t bytes, BesideId *id)
{
    const char *name = beside_recording();
    g_autoptr(GChecksum) sum = NULL;
    FILE *f = name ? fopen(name, "rb") : NULL;
    bool ok = false;
    struct stat st;

    if (!f) {
        return false;
    }
    if (!fstat(fileno(f), &st) && st.st_size >= HEADER &&
        bytes <= st.st_size) {
        id->bytes = MAX(bytes ?: st.st_size, HEADER);
        sum = g_checksum_new(G_CHECKSUM_SHA256);
        ok = add(sum, f, HEADER, MIN(id->bytes, HEADER + PART)) &&
             add(sum, f, MAX(HEADER, (int64_t)id->bytes - PART), id->bytes);
    }
    fclose(f);
    if (ok) {
        g_strlcpy(id->sum, g_checksum_get_string(sum), sizeof(id->sum));
    }
    return ok;
}

bool beside_matches(const BesideId *id)
{
    BesideId is;

    return id->bytes && beside_id(id->bytes, &is) && !strcmp(is.sum, id->sum);
}
