/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vFile: gdb reads files over the wire (gdb doc, "Host I/O Packets"). Who has
 * a file is asked in the order of the table below; see files.h.
 *
 * gdb keeps files open over many stops and asks for the rest of them when it
 * needs it, so a descriptor outlives a resume. It goes with its client.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "hw/core/cpu.h"
#include "gdbstub/gdbx/gdbx.h"
#include "gdbstub/gdbx/files.h"
#include "gdbstub/gdbx/rows.h"
#include "gdbstub/gdbx/wire.h"

#define FILES_MAX   256
#define PATH_BYTES  4096
/* What may stand in a reply beside the data: "F", a number, ";". */
#define REPLY_HEAD  32

static const GdbxFileSource *const sources[] = {
    &gdbx_files_own,
    &gdbx_files_proc,
    &gdbx_files_guest,
    &gdbx_files_host,
};

static GdbxFile *files[FILES_MAX];
static int32_t files_pid;           /* of vFile:setfs; 0: the machine */

/* ---- who has it ---- */

static bool is_for(const GdbxFileSource *s, const char *path)
{
    return g_str_has_prefix(path, s->prefix);
}

/*
 * One that cannot give it is passed over, but what it said is kept: "there is
 * no such file" is true only if all say so.
 */
static void note_error(int *err, int why)
{
    if (*err == GDBX_ENOENT) {
        *err = why;
    }
}

/* The next source from sources[*i] on that may have it, NULL: no more. */
static const GdbxFileSource *next_source(const char *path, size_t *i)
{
    while (*i < ARRAY_SIZE(sources)) {
        const GdbxFileSource *s = sources[(*i)++];

        if (is_for(s, path)) {
            *i = s->alone ? ARRAY_SIZE(sources) : *i;
            return s;
        }
    }
    return NULL;
}

static GdbxFile *open_path(int32_t pid, const char *path, int *err)
{
    const GdbxFileSource *s;
    size_t i = 0;

    *err = GDBX_ENOENT;
    while ((s = next_source(path, &i))) {
        int why = GDBX_ENOENT;
        GdbxFile *f = s->open(pid, path, &why);

        if (f) {
            return f;
        }
        note_error(err, why);
    }
    return NULL;
}

static char *link_of(int32_t pid, const char *path, int *err)
{
    const GdbxFileSource *s;
    size_t i = 0;

    *err = GDBX_ENOENT;
    while ((s = next_source(path, &i))) {
        int why = GDBX_ENOENT;
        char *to = s->readlink ? s->readlink(pid, path, &why) : NULL;

        if (to) {
            return to;
        }
        note_error(err, why);
    }
    return NULL;
}

/* ---- a file that is bytes ---- */

typedef struct DataFile {
    GdbxFile head;
    GString *data;
} DataFile;

static int64_t data_read(GdbxFile *f, uint64_t offset, void *buf, size_t len)
{
    const GString *s = container_of(f, DataFile, head)->data;

    if (offset >= s->len) {
        return 0;
    }
    len = MIN(len, s->len - offset);
    memcpy(buf, s->str + offset, len);
    return len;
}

static void data_free(GdbxFile *f)
{
    DataFile *d = container_of(f, DataFile, head);

    g_string_free(d->data, true);
    g_free(d);
}

GdbxFile *gdbx_file_new(GString *data, uint32_t mode)
{
    static const GdbxFileOps ops = { data_read, data_free };
    DataFile *d = g_new0(DataFile, 1);

    d->head = (GdbxFile) { .ops = &ops, .size = data->len, .mode = mode };
    d->data = data;
    return &d->head;
}

/* ---- replies ---- */

static bool reply_number(int64_t n)
{
    g_autofree char *s = n < 0 ? g_strdup_printf("F-1,%" PRIx64, -n)
                               : g_strdup_printf("F%" PRIx64, n);

    gdb_put_packet(s);
    return true;
}

static bool fail(int err)
{
    return reply_number(-(int64_t)err);
}

/* At most GDBX_PACKET_MAX - REPLY_HEAD; escapes do not count. */
static bool reply_bytes(const uint8_t *data, size_t len)
{
    g_autoptr(GString) s = g_string_sized_new(len + len / 8 + REPLY_HEAD);

    g_string_printf(s, "F%zx;", len);
    gdbx_append_escaped(s, data, len);
    gdbx_reply(s);
    return true;
}

/* gdb doc, "struct stat": big-endian, whatever the target. */
static bool reply_stat(const GdbxFile *f)
{
    uint8_t st[64] = { 0 };

    stl_be_p(st + 4, f->inode);
    stl_be_p(st + 8, f->mode);
    stl_be_p(st + 12, 1);
    stq_be_p(st + 28, f->size);
    stq_be_p(st + 36, 4096);
    stq_be_p(st + 44, DIV_ROUND_UP(f->size, 512));
    stl_be_p(st + 52, f->mtime);
    stl_be_p(st + 56, f->mtime);
    stl_be_p(st + 60, f->mtime);
    return reply_bytes(st, sizeof(st));
}

/* ---- arguments ---- */

/* A path in hex, up to a comma or the end; g_free(). NULL with *err. */
static char *take_path(const char **args, int *err)
{
    g_autoptr(GByteArray) raw = g_byte_array_new();
    size_t len = strcspn(*args, ",");

    *err = GDBX_EINVAL;
    if (len % 2 || !len) {
        return NULL;
    }
    if (len / 2 >= PATH_BYTES) {
        *err = GDBX_ENAMETOOLONG;
        return NULL;
    }
    if (!gdbx_unhex(*args, len / 2, raw) || memchr(raw->data, 0, raw->len)) {
        return NULL;
    }
    if (raw->data[0] != '/') {
        *err = GDBX_ENOENT;     /* there is no current directory here */
        return NULL;
    }
    *args += len;
    return g_strndup((char *)raw->data, raw->len);
}

static bool take_number(const char **args, bool first, uint64_t *v)
{
    if (!first && *(*args)++ != ',') {
        return false;
    }
    return gdbx_parse_hex(args, v);
}

static GdbxFile *file_of(uint64_t fd)
{
    return fd < FILES_MAX ? files[fd] : NULL;
}

/* ---- the packets ---- */

static bool do_setfs(const char *args)
{
    uint64_t pid;

    if (!gdbx_parse_hex(&args, &pid) || *args || pid > INT32_MAX) {
        return fail(GDBX_EINVAL);
    }
    files_pid = gdbx_is_machine(pid) ? 0 : pid;
    return reply_number(0);
}

static bool do_open(const char *args)
{
    uint64_t flags, mode;
    g_autofree char *path = NULL;
    int err, fd = 0;

    path = take_path(&args, &err);
    if (!path) {
        return fail(err);
    }
    if (!take_number(&args, false, &flags) ||
        !take_number(&args, false, &mode) || *args) {
        return fail(GDBX_EINVAL);
    }
    if (flags) {                /* FILEIO_O_RDONLY is 0 */
        return fail(GDBX_EROFS);
    }
    while (fd < FILES_MAX && files[fd]) {
        fd++;
    }
    if (fd == FILES_MAX) {
        return fail(GDBX_EMFILE);
    }
    files[fd] = open_path(files_pid, path, &err);
    return files[fd] ? reply_number(fd) : fail(err);
}

static bool do_close(const char *args)
{
    uint64_t fd;
    GdbxFile *f;

    if (!gdbx_parse_hex(&args, &fd) || *args || !(f = file_of(fd))) {
        return fail(GDBX_EBADF);
    }
    files[fd] = NULL;
    f->ops->free(f);
    return reply_number(0);
}

static bool do_pread(const char *args)
{
    g_autofree uint8_t *buf = NULL;
    uint64_t fd, count, offset;
    GdbxFile *f;
    int64_t n;

    if (!take_number(&args, true, &fd) || !take_number(&args, false, &count) ||
        !take_number(&args, false, &offset) || *args || offset > INT64_MAX) {
        return fail(GDBX_EINVAL);
    }
    f = file_of(fd);
    if (!f) {
        return fail(GDBX_EBADF);
    }
    if ((f->mode & OSI_MODE_KIND) == OSI_MODE_DIRECTORY) {
        return fail(GDBX_EISDIR);
    }
    count = MIN(count, GDBX_PACKET_MAX - REPLY_HEAD);
    buf = g_malloc(count + 1);
    n = f->ops->read(f, offset, buf, count);
    if (n == -GDBX_EIO) {
        gdbx_doctor_hole();
    }
    return n < 0 ? reply_number(n) : reply_bytes(buf, n);
}

static bool do_fstat(const char *args)
{
    uint64_t fd;

    if (!gdbx_parse_hex(&args, &fd) || *args || !file_of(fd)) {
        return fail(GDBX_EBADF);
    }
    return reply_stat(file_of(fd));
}

static bool stat_path(const char *path)
{
    int err;
    GdbxFile *f = open_path(files_pid, path, &err);

    if (!f) {
        return fail(err);
    }
    reply_stat(f);
    f->ops->free(f);
    return true;
}

static bool do_stat(const char *args)
{
    int err;
    g_autofree char *path = take_path(&args, &err);

    return path && !*args ? stat_path(path) : fail(path ? GDBX_EINVAL : err);
}

static bool do_lstat(const char *args)
{
    int err;
    g_autofree char *path = take_path(&args, &err);
    g_autofree char *to = NULL;

    if (!path || *args) {
        return fail(path ? GDBX_EINVAL : err);
    }
    to = link_of(files_pid, path, &err);
    if (to) {
        GdbxFile f = { .size = strlen(to), .mode = OSI_MODE_LINK | 0777 };

        return reply_stat(&f);
    }
    return stat_path(path);
}

static bool do_readlink(const char *args)
{
    int err;
    g_autofree char *path = take_path(&args, &err);
    g_autofree char *to = NULL;

    if (!path || *args) {
        return fail(path ? GDBX_EINVAL : err);
    }
    to = link_of(files_pid, path, &err);
    return to ? reply_bytes((uint8_t *)to, strlen(to)) : fail(err);
}

static bool do_write(const char *args)
{
    return fail(GDBX_EROFS);
}

static const struct {
    const char *name;
    bool (*run)(const char *args);
} operations[] = {
    { "setfs:", do_setfs },
    { "open:", do_open },
    { "close:", do_close },
    { "pread:", do_pread },
    { "fstat:", do_fstat },
    { "stat:", do_stat },
    { "lstat:", do_lstat },
    { "readlink:", do_readlink },
    { "pwrite:", do_write },
    { "unlink:", do_write },
};

bool gdbx_pkt_file(const char *args)
{
    for (size_t i = 0; i < ARRAY_SIZE(operations); i++) {
        size_t len = strlen(operations[i].name);

        if (!strncmp(args, operations[i].name, len)) {
            return operations[i].run(args + len);
        }
    }
    gdb_put_packet("");         /* gdb does without */
    return true;
}

bool gdbx_file_needs_no_guest(const char *packet)
{
    return g_str_has_prefix(packet, "vFile:close:") ||
           g_str_has_prefix(packet, "vFile:setfs:");
}

void gdbx_files_reset(void)
{
    for (int i = 0; i < FILES_MAX; i++) {
        if (files[i]) {
            files[i]->ops->free(files[i]);
            files[i] = NULL;
        }
    }
    files_pid = 0;
}
