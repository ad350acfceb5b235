/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording whose recorder was killed is as good as any other up to there: it
 * gets its header when it begins, and at replay the end that it lacks. The file
 * itself is not touched.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/error-report.h"
#include "system/replay.h"
#include "system/runstate.h"
#include "system/system.h"
#include "replay/replay-internal.h"
#include "gdbstub/hooks.h"
#include "replay/recording.h"
#include "replay/gdbx/pace.h"

static RecordingInfo info;
static bool replaying;
static char *recorded;          /* file that is being recorded */
static FILE *reader;            /* ... being read */
static unsigned header_size;
static uint32_t log_version;

const RecordingInfo *recording_info(void)
{
    return replaying ? &info : NULL;
}

/* A file with another head and another tail. */
typedef struct Mended {
    FILE *f;
    uint64_t at, body;          /* position; bytes of the file that count */
    uint8_t head[16];           /* instead of the header */
    unsigned header;            /* its length */
    uint8_t tail[8];
    unsigned tail_len;
} Mended;

static ssize_t mended_read(void *opaque, char *buf, size_t size)
{
    Mended *m = opaque;
    size_t n = 0;

    while (n < size && m->at < m->body + m->tail_len) {
        if (m->at < m->header) {
            buf[n] = m->head[m->at];
        } else if (m->at >= m->body) {
            buf[n] = m->tail[m->at - m->body];
        } else {
            size_t want = MIN(size - n, m->body - m->at);
            size_t got = fseeko(m->f, m->at, SEEK_SET) ? 0 :
                         fread(buf + n, 1, want, m->f);

            m->at += got;
            n += got;
            if (!got) {
                break;
            }
            continue;
        }
        m->at++;
        n++;
    }
    return n;
}

static int mended_seek(void *opaque, off64_t *offset, int whence)
{
    Mended *m = opaque;
    uint64_t end = m->body + m->tail_len;
    int64_t to = *offset + (whence == SEEK_CUR ? m->at :
                            whence == SEEK_END ? end : 0);

    if (to < 0 || to > end) {
        return -1;
    }
    *offset = m->at = to;
    return 0;
}

static int mended_close(void *opaque)
{
    Mended *m = opaque;
    int ret = fclose(m->f);

    g_free(m);
    return ret;
}

static FILE *mend(FILE *f, const uint8_t *tail, unsigned len)
{
    const cookie_io_functions_t io = {
        .read = mended_read, .seek = mended_seek, .close = mended_close,
    };
    Mended *m = g_new0(Mended, 1);

    m->f = f;
    m->body = info.bytes;
    m->header = MIN(header_size, sizeof(m->head));
    stl_be_p(m->head, log_version);
    memcpy(m->tail, tail, len);
    m->tail_len = len;
    return fopencookie(m, "rb", io);
}

/* As replay_finish() ends it. */
#define LOG_END EVENT_SHUTDOWN + SHUTDOWN_CAUSE_HOST_SIGNAL, EVENT_END

static FILE *mend_end(FILE *f)
{
    static const uint8_t tail[] = { LOG_END };

    return mend(f, tail, sizeof(tail));
}

bool recording_to_replay(uint64_t body)
{
    static const uint8_t end[] = { LOG_END };
    /* One that nobody executes, so that one may stand in front of it. */
    static const uint8_t tail[] = { EVENT_INSTRUCTION, 0, 0, 0, 1, LOG_END };

    if (fflush(replay_file) || ftruncate(fileno(replay_file), body) ||
        fseeko(replay_file, body, SEEK_SET) ||
        fwrite(end, 1, sizeof(end), replay_file) != sizeof(end) ||
        fflush(replay_file)) {
        return false;
    }
    recording_scan(reader, header_size, &info);
    if (info.damage || !info.ended) {
        return false;
    }
    info.bytes = body;
    info.instructions++;
    fclose(replay_file);
    replay_file = mend(reader, tail, sizeof(tail));
    replaying = true;
    replay_mode = REPLAY_MODE_PLAY;
    runstate_replay_enable();
    pace_begin();
    return true;
}

const char *recording_under_way(void)
{
    return replaying ? NULL : recorded;
}

const RecordingInfo *recording_so_far(void)
{
    if (fflush(replay_file)) {
        return NULL;
    }
    if (!reader) {
        reader = fopen(recorded, "rb");
        if (!reader) {
            return NULL;
        }
        recording_scan(reader, header_size, &info);
    } else {
        recording_scan_on(reader, &info);
    }
    return &info;
}

static void machine_done(Notifier *n, void *data)
{
    if (replaying) {
        recording_needs_compare(replay_get_filename());
    } else {
        recording_needs_write(recorded);
    }
}

/* QEMU's replay_finish() has been there: it was registered later. */
static void finished(void)
{
    if (recorded) {
        recording_needs_finish(recorded);
    }
}

static void __attribute__((constructor)) register_finished(void)
{
    atexit(finished);
}

static FILE *begin_replay(FILE *f, const char *name)
{
    recording_scan(f, header_size, &info);
    rewind(f);
    if (info.version && info.version != log_version) {
        return f;               /* QEMU says so */
    }
    replaying = true;
    if (info.damage) {
        error_report("%s: damaged at byte %" PRIu64 ", %" PRIu64
                     " instructions from the start: %s", name, info.bytes,
                     info.instructions, info.damage);
        exit(1);
    }
    recording_needs_whole(name);
    if (!info.ended) {
        warn_report("%s: the recorder was killed, or the file is cut off; it "
                    "goes to instruction %" PRIu64, name, info.instructions);
        return mend_end(f);
    }
    return f;
}

FILE *gdbx_hook_recording(FILE *f, const char *name, bool record,
                          unsigned header, uint32_t version)
{
    static Notifier done = { .notify = machine_done };

    gdbx_hook_calls[GDBX_HOOK_RECORDING]++;
    qemu_add_machine_init_done_notifier(&done);
    header_size = header;
    log_version = version;
    if (!record) {
        pace_begin();
        return begin_replay(f, name);
    }
    recorded = g_strdup(name);
    replay_file = f;
    replay_put_dword(version);
    fflush(f);
    return f;
}
