/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of a recording: is it whole, how far does it go, and what machine
 * does it need. The layout of its events is QEMU's (replay/replay-*.c: what each
 * writes); values are big-endian.
 */
#ifndef REPLAY_RECORDING_H
#define REPLAY_RECORDING_H

#include <stdio.h>

typedef struct RecordingInfo {
    uint64_t instructions;  /* from the machine's start to the recording's end */
    uint64_t events;
    int64_t clock[2];       /* the last value of each, by ReplayClockKind */
    uint64_t bytes;         /* that hold whole events, with the header */
    bool ended;             /* the recorder came to its own end */
    uint32_t version;       /* that its header says; 0: none was written */
    /*
     * NULL: every event is one. Else what is wrong at @bytes. A file that
     * only stops in the midst of an event is not damaged.
     */
    char *damage;
} RecordingInfo;

/*
 * Reads @f from its start to its end. @header: bytes in front of the events.
 * Any file: bounded by its length, and allocates nothing by what it says.
 * g_free(@info->damage).
 */
void recording_scan(FILE *f, unsigned header, RecordingInfo *info);
/* The same for what has been added to the file since. */
void recording_scan_on(FILE *f, RecordingInfo *info);

/* Its name, if one is being made now; NULL: none is. */
const char *recording_under_way(void);
/*
 * What is in it so far; NULL: the file cannot be read. Locking as with
 * checkpoint.h.
 */
const RecordingInfo *recording_so_far(void);
/*
 * The recording that is being made has ended at @body bytes, and is replayed from
 * now on: what follows there is taken away. False: it could not be written.
 * Locking as with checkpoint.h.
 */
bool recording_to_replay(uint64_t body);
/* The recording that is being replayed; NULL: none is. Any thread. */
const RecordingInfo *recording_info(void);

/*
 * What a recording needs, in FILE.json beside it: QEMU's version, the machine
 * and its devices, the content of the files that it reads. Main thread, when the
 * machine is made: written while recording; else compared, and if anything
 * differs that is said and QEMU exits. Without FILE.json nothing is compared.
 */
void recording_needs_write(const char *file);
void recording_needs_compare(const char *file);
/* The recording is complete: the checksums of its file are added. */
void recording_needs_finish(const char *file);
/* Is @file the one that was complete then? Else says where not, and exits. */
void recording_needs_whole(const char *file);

#endif
