/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes ELF (System V ABI, gABI 4.1) as gdb wants it. What it does to gdb:
 *
 * - Sections of code are writable here: gdb never takes what is not read-only
 *   from a file, whatever `trust-readonly-sections' says, and there is nothing
 *   in this one (SHT_NOBITS).
 * - Of several symbols of one address one has a size, and gdb shows that.
 * - Call frame information is compressed: it takes long on the wire.
 * - Sections with memory come first: gdb 13 counts them so in `info
 *   sharedlibrary'.
 */
#include <string.h>
#include <zlib.h>
#include "kernel-elf.h"

enum { SHT_SYMTAB_ = 2, SHT_STRTAB_ = 3, SHT_PROGBITS_ = 1, SHT_NOTE_ = 7,
       SHT_NOBITS_ = 8 };
enum { SHF_WRITE_ = 1, SHF_ALLOC_ = 2, SHF_EXEC_ = 4, SHF_COMPRESSED_ = 0x800 };
enum { SHN_ABS_ = 0xfff1 };

typedef struct Section {
    char *name;
    uint64_t address, size;
    bool code;
} Section;

typedef struct Symbol {
    uint64_t value, size;
    uint32_t name;              /* in @names */
    uint32_t order;
    uint16_t section;           /* its index + 1 in the file; SHN_ABS_ */
    char type;
} Symbol;

struct GdbxElf {
    unsigned word;
    bool module;
    GArray *sections;           /* Section, as added */
    GArray *by_address;         /* guint: the same, ascending */
    GArray *symbols;
    GByteArray *names;
};

static void free_section(gpointer p)
{
    g_free(((Section *)p)->name);
}

GdbxElf *gdbx_elf_new(unsigned word, bool module)
{
    GdbxElf *e = g_new0(GdbxElf, 1);

    e->word = word;
    e->module = module;
    e->sections = g_array_new(false, false, sizeof(Section));
    g_array_set_clear_func(e->sections, free_section);
    e->by_address = g_array_new(false, false, sizeof(guint));
    e->symbols = g_array_new(false, false, sizeof(Symbol));
    e->names = g_byte_array_new();
    g_byte_array_append(e->names, (const uint8_t *)"", 1);
    return e;
}

void gdbx_elf_free(GdbxElf *e)
{
    g_array_unref(e->sections);
    g_array_unref(e->by_address);
    g_array_unref(e->symbols);
    g_byte_array_unref(e->names);
    g_free(e);
}

static Section *section(const GdbxElf *e, guint i)
{
    return &g_array_index(e->sections, Section, i);
}

void gdbx_elf_section(GdbxElf *e, const char *name, uint64_t address,
                      uint64_t size, bool code)
{
    Section s = { g_strdup(name), address, size, code };
    guint i = e->sections->len, at = 0;

    g_array_append_val(e->sections, s);
    while (at < e->by_address->len &&
           section(e, g_array_index(e->by_address, guint, at))->address <=
           address) {
        at++;
    }
    g_array_insert_val(e->by_address, at, i);
}

/* Index in @sections of the one that @value lies in, or -1. */
static int section_at(const GdbxElf *e, uint64_t value)
{
    guint lo = 0, hi = e->by_address->len;

    while (lo < hi) {
        guint mid = (lo + hi) / 2;

        if (section(e, g_array_index(e->by_address, guint, mid))->address <=
            value) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    while (lo--) {
        guint i = g_array_index(e->by_address, guint, lo);

        if (value - section(e, i)->address < section(e, i)->size) {
            return i;
        }
        if (section(e, i)->size) {
            break;
        }
    }
    return -1;
}

void gdbx_elf_symbol(GdbxElf *e, const char *name, char type, uint64_t value)
{
    int i = section_at(e, value);
    Symbol s = {
        .value = value, .name = e->names->len, .order = e->symbols->len,
        .section = i < 0 ? SHN_ABS_ : i + 1, .type = type,
    };

    if (i < 0 && e->module) {
        return;
    }
    g_byte_array_append(e->names, (const uint8_t *)name, strlen(name) + 1);
    g_array_append_val(e->symbols, s);
}

static int by_value(gconstpointer a, gconstpointer b)
{
    const Symbol *x = a, *y = b;

    if (x->value != y->value) {
        return x->value < y->value ? -1 : 1;
    }
    return x->order < y->order ? -1 : 1;
}

/* The first of an address reaches to the next address, or its section's end. */
static void fill_sizes(GdbxElf *e)
{
    Symbol *first = NULL;

    g_array_sort(e->symbols, by_value);
    for (guint i = 0; i < e->symbols->len; i++) {
        Symbol *s = &g_array_index(e->symbols, Symbol, i);

        if (first && first->value == s->value) {
            continue;
        }
        if (first) {
            first->size = MIN(first->size, s->value - first->value);
        }
        first = NULL;
        if (s->section != SHN_ABS_) {
            const Section *in = section(e, s->section - 1);

            s->size = in->address + in->size - s->value;
            first = s;
        }
    }
}

/* ---- bytes ---- */

static void put(GByteArray *b, uint64_t value, unsigned bytes)
{
    uint8_t le[24] = { 0 };

    g_assert(bytes <= sizeof(le));
    for (unsigned i = 0; i < MIN(bytes, 8); i++) {
        le[i] = value >> 8 * i;
    }
    g_byte_array_append(b, le, bytes);
}

static void pad(GByteArray *b)
{
    put(b, 0, -b->len % 8);
}

static bool is_local(const Symbol *s)
{
    return s->type == 't' || s->type == 'd' || s->type == 'b' ||
           s->type == 'r' || s->type == 'a' || s->type == '?';
}

static void put_symbol(GdbxElf *e, GByteArray *b, const Symbol *s)
{
    bool weak = strchr("wWvV", s->type) != NULL;
    bool code = strchr("tTwW", s->type) != NULL;
    uint8_t info = (is_local(s) ? 0 : weak ? 2 : 1) << 4 | (code ? 2 : 1);
    uint64_t value = s->value;

    if (e->module) {
        value -= section(e, s->section - 1)->address;
    }
    put(b, s->name, 4);
    if (e->word == 8) {
        put(b, info, 1);
        put(b, 0, 1);
        put(b, s->section, 2);
        put(b, value, 8);
        put(b, s->size, 8);
    } else {
        put(b, value, 4);
        put(b, s->size, 4);
        put(b, info, 1);
        put(b, 0, 1);
        put(b, s->section, 2);
    }
}

/* Local symbols have to come first. @locals: how many, the empty one too. */
static void put_symbols(GdbxElf *e, GByteArray *b, guint *locals)
{
    put(b, 0, e->word == 8 ? 24 : 16);
    *locals = 1;
    for (int pass = 0; pass < 2; pass++) {
        for (guint i = 0; i < e->symbols->len; i++) {
            const Symbol *s = &g_array_index(e->symbols, Symbol, i);

            if (is_local(s) == !pass) {
                put_symbol(e, b, s);
                *locals += !pass;
            }
        }
    }
}

/* ---- the file ---- */

typedef struct Writer {
    GByteArray *file, *headers, *names;
    unsigned word, n;
} Writer;

static void put_header(Writer *w, const char *name, unsigned type,
                       uint64_t flags, uint64_t address, uint64_t offset,
                       uint64_t size, unsigned link, unsigned info,
                       unsigned entry)
{
    put(w->headers, w->names->len, 4);
    g_byte_array_append(w->names, (const uint8_t *)name, strlen(name) + 1);
    put(w->headers, type, 4);
    put(w->headers, flags, w->word);
    put(w->headers, address, w->word);
    put(w->headers, offset, w->word);
    put(w->headers, size, w->word);
    put(w->headers, link, 4);
    put(w->headers, info, 4);
    put(w->headers, type == SHT_NOBITS_ ? 1 : 8, w->word);
    put(w->headers, entry, w->word);
    w->n++;
}

/* Offset of what is appended now. */
static guint append(Writer *w, const GByteArray *data)
{
    guint at;

    pad(w->file);
    at = w->file->len;
    g_byte_array_append(w->file, data->data, data->len);
    return at;
}

static void put_sections(GdbxElf *e, Writer *w)
{
    for (guint i = 0; i < e->sections->len; i++) {
        const Section *s = section(e, i);

        put_header(w, s->name, SHT_NOBITS_, SHF_ALLOC_ | SHF_WRITE_ |
                   (s->code ? SHF_EXEC_ : 0), e->module ? 0 : s->address,
                   w->file->len, s->size, 0, 0, 0);
    }
}

static void put_build_id(Writer *w, const char *hex)
{
    g_autoptr(GByteArray) note = g_byte_array_new();
    size_t n = strlen(hex) / 2;
    guint at;

    put(note, 4, 4);
    put(note, n, 4);
    put(note, 3, 4);            /* NT_GNU_BUILD_ID */
    g_byte_array_append(note, (const uint8_t *)"GNU", 4);
    for (size_t i = 0; i < n; i++) {
        put(note, g_ascii_xdigit_value(hex[2 * i]) << 4 |
            g_ascii_xdigit_value(hex[2 * i + 1]), 1);
    }
    at = append(w, note);
    put_header(w, ".note.gnu.build-id", SHT_NOTE_, 0, 0, at, note->len, 0, 0,
               0);
}

static void put_frames(Writer *w, const GByteArray *frames)
{
    g_autoptr(GByteArray) b = g_byte_array_new();
    uLongf len = compressBound(frames->len);
    guint head, at;

    put(b, 1, 4);               /* ELFCOMPRESS_ZLIB */
    if (w->word == 8) {
        put(b, 0, 4);
    }
    put(b, frames->len, w->word);
    put(b, w->word, w->word);
    head = b->len;
    g_byte_array_set_size(b, head + len);
    if (compress2(b->data + head, &len, frames->data, frames->len,
                  Z_BEST_SPEED) != Z_OK) {
        return;                 /* out of memory: without frames */
    }
    g_byte_array_set_size(b, head + len);
    at = append(w, b);
    put_header(w, ".debug_frame", SHT_PROGBITS_, SHF_COMPRESSED_, 0, at, b->len,
               0, 0, 0);
}

static void put_tables(GdbxElf *e, Writer *w)
{
    g_autoptr(GByteArray) symbols = g_byte_array_new();
    guint locals, at;

    put_symbols(e, symbols, &locals);
    at = append(w, symbols);
    put_header(w, ".symtab", SHT_SYMTAB_, 0, 0, at, symbols->len, w->n + 1,
               locals, e->word == 8 ? 24 : 16);
    at = append(w, e->names);
    put_header(w, ".strtab", SHT_STRTAB_, 0, 0, at, e->names->len, 0, 0, 0);
}

static unsigned header_size(const GdbxElf *e)
{
    return e->word == 8 ? 64 : 52;
}

/* In front of everything, when it is known where the sections' headers are. */
static void fill_header(GdbxElf *e, Writer *w, guint headers)
{
    g_autoptr(GByteArray) b = g_byte_array_new();

    g_byte_array_append(b, (const uint8_t *)"\177ELF", 4);
    put(b, e->word == 8 ? 2 : 1, 1);
    put(b, 1, 1);                               /* little-endian */
    put(b, 1, 1);                               /* version */
    put(b, 0, 8);
    put(b, 0, 1);
    put(b, e->module ? 3 : 2, 2);               /* ET_DYN, ET_EXEC */
    put(b, e->word == 8 ? 62 : 3, 2);           /* EM_X86_64, EM_386 */
    put(b, 1, 4);
    put(b, 0, e->word);                         /* entry */
    put(b, 0, e->word);                         /* program headers */
    put(b, headers, e->word);
    put(b, 0, 4);
    put(b, header_size(e), 2);
    put(b, 0, 2);
    put(b, 0, 2);
    put(b, e->word == 8 ? 64 : 40, 2);
    put(b, w->n, 2);
    put(b, w->n - 1, 2);                        /* names of sections */
    memcpy(w->file->data, b->data, b->len);
}

GBytes *gdbx_elf_finish(GdbxElf *e, const GByteArray *frames,
                        const char *build_id)
{
    Writer w = { g_byte_array_new(), g_byte_array_new(), g_byte_array_new(),
                 e->word, 0 };
    guint at, names;

    fill_sizes(e);
    g_byte_array_set_size(w.file, header_size(e));
    put_header(&w, "", 0, 0, 0, 0, 0, 0, 0, 0);
    put_sections(e, &w);
    if (build_id && *build_id) {
        put_build_id(&w, build_id);
    }
    if (frames) {
        put_frames(&w, frames);
    }
    put_tables(e, &w);
    names = w.names->len + sizeof(".shstrtab");
    pad(w.file);
    put_header(&w, ".shstrtab", SHT_STRTAB_, 0, 0, w.file->len, names, 0, 0,
               0);
    append(&w, w.names);
    at = append(&w, w.headers);
    fill_header(e, &w, at);
    g_byte_array_unref(w.headers);
    g_byte_array_unref(w.names);
    return g_byte_array_free_to_bytes(w.file);
}
