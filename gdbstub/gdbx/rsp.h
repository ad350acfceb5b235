/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsing and writing the pieces of remote-protocol packets: numbers, thread
 * ids, hex, binary escapes, qXfer windows, Z packets, vCont.
 *
 * Pure: GLib and libc only.  No state, no locks.  Input is a terminated
 * string from the client and is hostile; what the guest named is hostile too.
 * Every parser returns false (or NULL) on anything it does not fully
 * understand and then leaves its outputs, and *P, as they were.  Where there
 * is a REASON it gets one line (g_free); it may be NULL.
 *
 * The files are rsp.c, rsp-break.c (Z packets) and rsp-vcont.c.
 */
#ifndef GDBX_RSP_H
#define GDBX_RSP_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ax.h"

#define GDBX_RSP_MAX_EXPRS   256  /* conditions (and commands) of one Z */
#define GDBX_RSP_MAX_ACTIONS 1024 /* actions of one vCont */

/* Numbers */

/* One or more hex digits; *P moves behind them.  Refuses more than 64 bits. */
bool gdbx_parse_hex(const char **p, uint64_t *v);

/* Append the bytes as lower-case hex. */
void gdbx_append_hex(GString *out, const void *data, size_t size);

/*
 * Append NBYTES bytes to OUT, read from exactly 2 * NBYTES hex digits at HEX.
 * What follows them is the caller's affair.
 */
bool gdbx_unhex(const char *hex, size_t nbytes, GByteArray *out);

/* Thread ids.  In both fields -1 means all and 0 means any. */
typedef struct GdbxTid {
    int64_t pid;
    int64_t tid;
} GdbxTid;

/*
 * "pPID.TID", "pPID" (all threads of PID), "TID" (pid is 0: not said), "-1"
 * (both are -1), "0" (both are 0).  PID and TID are hex or -1.  One thread of
 * all processes ("p-1.5") is refused, as the protocol says.
 * *P moves behind the id, what follows is the caller's affair.
 */
bool gdbx_parse_tid(const char **p, GdbxTid *out);

/* "pPID.TID". */
void gdbx_append_tid(GString *out, int64_t pid, int64_t tid);

/* Binary replies */

/* Append with '}', '#', '$' and '*' escaped. */
void gdbx_append_escaped(GString *out, const void *data, size_t size);

/*
 * "ANNEX:OFFSET,LENGTH", what follows "qXfer:OBJECT:read:".  The annex is all
 * before the last colon, whatever it holds, often nothing.  *ANNEX: g_free.
 */
bool gdbx_parse_xfer(const char *args, char **annex,
                     uint64_t *offset, uint64_t *length);

/*
 * Append the reply to a read of LENGTH bytes at OFFSET of an object of SIZE
 * bytes: 'm' and data when more follows, 'l' and data when not.  The reply is
 * cut so that it has at most MAX bytes after escaping (MAX >= 3).
 * False, and nothing is appended, if OFFSET is behind the end of the object.
 */
bool gdbx_xfer_reply(GString *out, const void *object, size_t size,
                     uint64_t offset, uint64_t length, size_t max);

/* XML */

/*
 * Append TEXT as character data or attribute value: & < > ' " become
 * entities; each control byte, each byte that is not UTF-8 and each character
 * that XML forbids becomes '?'.
 */
void gdbx_append_xml(GString *out, const char *text);

/* Z packets */

typedef struct GdbxZ {
    int type;               /* 0 .. 4 */
    uint64_t addr;
    uint64_t kind;          /* length for types 2 .. 4 */
    GPtrArray *conditions;  /* of GdbxAx, owned; hit if any is true, or none */
    GPtrArray *commands;    /* of GdbxAx, owned; in this order */
    bool persist;           /* commands stay when the client disconnects */
} GdbxZ;

/*
 * ARGS follows the 'Z' or 'z': "TYPE,ADDR,KIND" and, both optional,
 * ";X<len>,<hex>" (several are concatenated) and ";cmds:<persist>,X...".
 * On success the caller owns what *OUT holds, both arrays exist, maybe empty;
 * *OUT is overwritten, not cleared.  Every expression is verified: one that is
 * refused refuses the packet.
 * Neither the range of addresses nor the sense of KIND is checked.
 */
bool gdbx_parse_z(const char *args, GdbxZ *out, char **reason);

/* Free what *Z owns and zero it; harmless on a zeroed one. */
void gdbx_z_clear(GdbxZ *z);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(GdbxZ, gdbx_z_clear)

/* vCont */

typedef struct GdbxAction {
    char kind;              /* 'c', 's', 'r' (range step) or 't' */
    int sig;                /* of C and S, gdb's number; else 0 */
    uint64_t start, end;    /* of 'r': steps while start <= pc < end */
    bool has_tid;           /* false: the default for all other threads */
    GdbxTid tid;
} GdbxAction;

/*
 * ARGS follows "vCont": ";c", ";s:p1.2;c", ";C0b:p1.2;r10,20:p1.3" ...
 * At least one action.  Result: array of GdbxAction in the order given (the
 * leftmost that matches a thread is its action), g_array_unref; or NULL.
 */
GArray *gdbx_parse_vcont(const char *args, char **reason);

#endif
