/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Walks over the events of a recording without replaying them. QEMU's own
 * reader ends the process, or waits for ever, where a file is cut off or
 * damaged; so it is looked through first.
 */
#include "qemu/osdep.h"
#include "qapi/qapi-types-ui.h"
#include "system/replay.h"
#include "replay/replay-internal.h"
#include "replay/recording.h"

typedef struct Scan {
    FILE *f;
    uint64_t at;            /* bytes read */
    bool over;              /* the file has ended within something */
} Scan;

static uint64_t number(Scan *s, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes; i++) {
        int c = getc_unlocked(s->f);

        if (c == EOF) {
            s->over = true;
            return 0;
        }
        value = value << 8 | c;
    }
    s->at += bytes;
    return value;
}

static void skip(Scan *s, uint64_t bytes)
{
    char buf[4096];

    while (bytes && !s->over) {
        size_t want = MIN(bytes, sizeof(buf));
        size_t got = fread(buf, 1, want, s->f);

        s->over = got < want;
        s->at += got;
        bytes -= got;
    }
}

static void array(Scan *s)
{
    skip(s, number(s, 4));
}

/* As replay_save_input_event() has it. */
static const char *input(Scan *s)
{
    switch (number(s, 4)) {
    case INPUT_EVENT_KIND_KEY:
        switch (number(s, 4)) {
        case KEY_VALUE_KIND_NUMBER:
            skip(s, 8 + 1);
            return NULL;
        case KEY_VALUE_KIND_QCODE:
            skip(s, 4 + 1);
            return NULL;
        }
        return s->over ? NULL : "no kind of key";
    case INPUT_EVENT_KIND_BTN:
        skip(s, 4 + 1);
        return NULL;
    case INPUT_EVENT_KIND_REL:
    case INPUT_EVENT_KIND_ABS:
        skip(s, 4 + 8);
        return NULL;
    case INPUT_EVENT_KIND_MTT:
        skip(s, 4 + 8 + 8 + 4 + 8);
        return NULL;
    }
    return s->over ? NULL : "no kind of input";
}

static const char *async(Scan *s, ReplayAsyncEventKind kind)
{
    switch (kind) {
    case REPLAY_ASYNC_EVENT_BH:
    case REPLAY_ASYNC_EVENT_BH_ONESHOT:
    case REPLAY_ASYNC_EVENT_BLOCK:
        skip(s, 8);
        return NULL;
    case REPLAY_ASYNC_EVENT_INPUT:
        return input(s);
    case REPLAY_ASYNC_EVENT_INPUT_SYNC:
        return NULL;
    case REPLAY_ASYNC_EVENT_CHAR_READ:
        skip(s, 1);
        array(s);
        return NULL;
    case REPLAY_ASYNC_EVENT_NET:
        skip(s, 1 + 4);
        array(s);
        return NULL;
    default:
        return "no asynchronous event";
    }
}

/* Skips what belongs to an event; NULL, or what is wrong with it. */
static const char *payload(Scan *s, unsigned kind, RecordingInfo *info)
{
    int64_t clock;
    uint64_t n;

    switch (kind) {
    case EVENT_INSTRUCTION:
        n = number(s, 4);
        info->instructions += s->over ? 0 : n;
        return n || s->over ? NULL : "no instructions";
    case EVENT_INTERRUPT:
    case EVENT_EXCEPTION:
    case EVENT_SHUTDOWN ... EVENT_SHUTDOWN_LAST:
    case EVENT_CHECKPOINT ... EVENT_CHECKPOINT_LAST:
    case EVENT_END:
        return NULL;
    case EVENT_ASYNC ... EVENT_ASYNC_LAST:
        return async(s, kind - EVENT_ASYNC);
    case EVENT_CHAR_WRITE:
        skip(s, 4 + 4);
        return NULL;
    case EVENT_CHAR_READ_ALL:
        array(s);
        return NULL;
    case EVENT_CHAR_READ_ALL_ERROR:
        skip(s, 4);
        return NULL;
    case EVENT_AUDIO_OUT:
        skip(s, 8);
        return NULL;
    case EVENT_AUDIO_IN:
        n = number(s, 8);
        skip(s, 8);
        if (n > 1 << 20) {
            return "too much sound";
        }
        skip(s, n * 16);
        return NULL;
    case EVENT_RANDOM:
        skip(s, 4);
        array(s);
        return NULL;
    case EVENT_CLOCK ... EVENT_CLOCK_LAST:
        clock = number(s, 8);
        if (!s->over) {
            info->clock[kind - EVENT_CLOCK] = clock;
        }
        return NULL;
    default:
        return "no event";
    }
}

void recording_scan(FILE *f, unsigned header, RecordingInfo *info)
{
    Scan s = { .f = f };

    *info = (RecordingInfo) { 0 };
    rewind(f);
    info->version = number(&s, 4);
    skip(&s, header - 4);
    info->bytes = header;
    if (!s.over) {
        recording_scan_on(f, info);
    }
}

void recording_scan_on(FILE *f, RecordingInfo *info)
{
    Scan s = { .f = f, .at = info->bytes };

    /* What was not there a moment ago may be now. */
    s.over = fseeko(f, s.at, SEEK_SET);
    while (!s.over && !info->ended) {
        const char *wrong;
        int kind;

        info->bytes = s.at;
        kind = getc_unlocked(f);
        if (kind == EOF) {
            break;
        }
        s.at++;
        wrong = payload(&s, kind, info);
        if (wrong) {
            info->damage = g_strdup_printf("byte 0x%x is %s", kind, wrong);
            break;
        }
        if (!s.over) {
            info->events++;
            info->ended = kind == EVENT_END;
        }
    }
    if (info->ended) {
        info->bytes = s.at;
    }
}
