/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * osi-image: look into a saved guest with the introspection room.
 *
 *   osi-image [OPTION...] MEMORY REGISTERS COMMAND [ARGUMENT]
 *
 * MEMORY is guest RAM as one file. Bytes from --low on (hexadecimal) lie at
 * 4 GiB, as in a PC with more RAM than fits below the PCI hole. REGISTERS is
 * text: lines key=hex with the names of OsiCpu's fields; a line index=N starts
 * the next vCPU. Output is one record a line. Exit status 1: an error, said in
 * one line; 2: wrong usage. Options:
 *
 *   --low BYTES      see above
 *   --engine LETTERS layouts from: p(rofile), t(ypes: BTF), g(uess), s(ymbols)
 *   --btf FILE       profile: a raw BTF blob
 *   --map FILE       profile: a System.map
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include "bytes.h"
#include "introspect/provider.h"
#include "osi-image.h"

#define HIGH (1ull << 32)

typedef struct File {
    GMappedFile *map;
    const uint8_t *bytes;
    uint64_t len, low;
} File;

static bool read_part(const File *f, uint64_t off, uint8_t *to, size_t len)
{
    if (off > f->len || len > f->len - off) {
        return false;
    }
    memcpy(to, f->bytes + off, len);
    return true;
}

/* A range over the end of low RAM would run into the PCI hole. */
static bool read_file(void *opaque, uint64_t pa, void *buf, size_t len)
{
    const File *f = opaque;

    if (pa < f->low) {
        return len <= f->low - pa && read_part(f, pa, buf, len);
    }
    return pa >= HIGH && read_part(f, pa - HIGH + f->low, buf, len);
}

GArray *osi_image_registers;

static int usage(void)
{
    fprintf(stderr, "usage: osi-image [--low BYTES] [--engine ptgs] [--btf FILE]"
            " [--map FILE]\n       MEMORY REGISTERS COMMAND [ARGUMENT]\n");
    for (size_t i = 0; i < osi_image_n_commands; i++) {
        fprintf(stderr, "  %-10s %-14s %s\n", osi_image_commands[i].name,
                osi_image_commands[i].arg ? osi_image_commands[i].arg : "", osi_image_commands[i].help);
    }
    return 2;
}

static bool open_memory(File *f, const char *path, uint64_t low)
{
    GError *e = NULL;

    f->map = g_mapped_file_new(path, false, &e);
    if (!f->map) {
        fprintf(stderr, "osi-image: %s\n", e->message);
        g_error_free(e);
        return false;
    }
    f->bytes = (const uint8_t *)g_mapped_file_get_contents(f->map);
    f->len = g_mapped_file_get_length(f->map);
    f->low = MIN(low, f->len);
    return true;
}

typedef struct Options {
    uint64_t low;
    unsigned engines;
    const char *btf, *map;
} Options;

static unsigned engines_of(const char *letters)
{
    unsigned e = 0;

    e |= strchr(letters, 'p') ? OSI_ENGINE_PROFILE : 0;
    e |= strchr(letters, 't') ? OSI_ENGINE_TYPES : 0;
    e |= strchr(letters, 'g') ? OSI_ENGINE_GUESS : 0;
    e |= strchr(letters, 's') ? OSI_ENGINE_SYMBOLS : 0;
    return e;
}

/* How many words of @argv were options. */
static int parse_options(Options *o, char **argv, int argc)
{
    int i;

    for (i = 0; i + 1 < argc && g_str_has_prefix(argv[i], "--"); i += 2) {
        if (!strcmp(argv[i], "--low")) {
            o->low = g_ascii_strtoull(argv[i + 1], NULL, 16);
        } else if (!strcmp(argv[i], "--engine")) {
            o->engines = engines_of(argv[i + 1]);
        } else if (!strcmp(argv[i], "--btf")) {
            o->btf = argv[i + 1];
        } else if (!strcmp(argv[i], "--map")) {
            o->map = argv[i + 1];
        } else {
            exit(usage());
        }
    }
    return i;
}

static void give_profile(OsiGuest *g, const Options *o)
{
    g_autofree char *btf = NULL, *map = NULL;
    gsize btf_len = 0, map_len = 0;
    GError *e = NULL;
    OsiError err;

    if ((o->btf && !g_file_get_contents(o->btf, &btf, &btf_len, &e)) ||
        (o->map && !g_file_get_contents(o->map, &map, &map_len, &e))) {
        fprintf(stderr, "osi-image: %s\n", e->message);
        exit(1);
    }
    if (!osi_guest_profile(g, (uint8_t *)btf, btf_len, map, map_len, &err)) {
        fprintf(stderr, "osi-image: profile: %s\n", err.message);
        exit(1);
    }
}

static int run(File *f, const Options *o, char **argv, int argc)
{
    OsiMemory mem = {
        read_file, f, f->len > f->low ? HIGH + f->len - f->low : f->len
    };

    for (size_t i = 0; i < osi_image_n_commands; i++) {
        OsiGuest *g;
        int rc;

        if (strcmp(argv[2], osi_image_commands[i].name) ||
            argc != (osi_image_commands[i].arg ? 4 : 3)) {
            continue;
        }
        osi_image_registers = osi_image_load_registers(argv[1]);
        g = osi_guest_new(&mem);
        osi_guest_engines(g, o->engines);
        if (o->btf || o->map) {
            give_profile(g, o);
        }
        osi_guest_stopped(g, (OsiCpu *)osi_image_registers->data,
                          osi_image_registers->len);
        rc = osi_image_commands[i].run(g, argv[3]);
        osi_guest_free(g);
        g_array_unref(osi_image_registers);
        return rc;
    }
    return usage();
}

int main(int argc, char **argv)
{
    Options o = { .low = HIGH, .engines = OSI_ENGINES_ALL };
    int n = parse_options(&o, argv + 1, argc - 1), rc;
    File f;

    argc -= n + 1;
    argv += n + 1;
    if (argc < 3) {
        return usage();
    }
    if (!open_memory(&f, argv[0], o.low)) {
        return 1;
    }
    rc = run(&f, &o, argv, argc);
    g_mapped_file_unref(f.map);
    return rc;
}
