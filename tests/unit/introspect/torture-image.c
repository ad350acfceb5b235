/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * torture-image: torture on a saved guest; see torture.h.
 *
 *   torture-image [OPTION...] MEMORY REGISTERS SEED IMAGES
 *
 * MEMORY and REGISTERS are those of osi-image; the file is not changed. IMAGES
 * damaged guests are asked, numbered from SEED: a failure repeats with its own
 * number as SEED and 1 image. Options: --engine LETTERS as osi-image's;
 * --detect 1: damage what is read while the kernel is looked for, too (slow);
 * --tasks N: how many tasks at most (default 200).
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "osi-image.h"
#include "torture.h"

#define GROUP   64          /* images that have the same task asked */

typedef struct Options {
    unsigned engines;
    bool detect;
    size_t tasks;
} Options;

static uint8_t *load_memory(const char *path, uint64_t *size)
{
    int fd = open(path, O_RDONLY);
    struct stat st;
    uint8_t *ram;

    if (fd < 0 || fstat(fd, &st) < 0) {
        perror(path);
        exit(2);
    }
    *size = st.st_size;
    ram = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    close(fd);
    if (ram == MAP_FAILED) {
        perror(path);
        exit(2);
    }
    return ram;
}

static void say(const char *line)
{
    printf("# %s\n", line);
}

typedef struct Run {
    Torture t;
    Options o;
    OsiTask *tasks;             /* of the undamaged guest */
    size_t n_tasks;
    const OsiTask *task;        /* of the group */
    char *answers;              /* of the group before damage */
} Run;

static void fresh(Run *r)
{
    torture_fresh(&r->t);
    osi_guest_engines(r->t.g, r->o.engines);
}

static bool stop(Run *r)
{
    if (r->o.detect) {
        fresh(r);
    }
    return torture_stop(&r->t);
}

static void ask_undamaged(Run *r)
{
    stop(r);
    torture_forget_answers(&r->t);
    torture_ask_guest(&r->t);
    torture_ask_task(&r->t, r->task);
}

/* Its task and what its answers read: a function of the group's number. */
static void begin_group(Run *r, uint64_t group)
{
    r->task = &r->tasks[group * 0x9e3779b97f4a7c15ull % r->n_tasks];
    torture_record(&r->t, true);
    stop(r);
    if (group % 8 && !r->o.detect) {
        /* By what the kernel is known again: it costs a new search. */
        torture_spare(&r->t);
    }
    torture_ask_task(&r->t, r->task);
    r->t.recording = group % 4 == 0 || r->o.detect;
    torture_ask_guest(&r->t);
    torture_record(&r->t, false);
    ask_undamaged(r);
    g_free(r->answers);
    r->answers = g_strdup(r->t.answers->str);
}

static void one_image(Run *r, uint64_t seed)
{
    bool anew;

    r->t.seed = seed;
    g_rand_set_seed(r->t.rand, seed);
    torture_damage(&r->t);
    anew = stop(r);
    if (seed % 4 == 0 || r->o.detect) {
        torture_ask_guest(&r->t);
    }
    torture_ask_task(&r->t, r->task);
    torture_mend(&r->t);
    if (anew) {
        fresh(r);
        /* What lasts, like the place of saved registers, be known unharmed. */
        ask_undamaged(r);
    }
}

static void end_group(Run *r)
{
    g_autofree char *what = NULL;

    ask_undamaged(r);
    what = torture_differs(&r->t, r->answers);
    if (what) {
        fprintf(stderr, "torture-image: up to image %" PRIu64 ": damage left"
                " a trace in %d (%s): %s\n", r->t.seed, r->task->pid,
                r->task->comm, what);
        exit(1);
    }
}

static void learn_tasks(Run *r)
{
    const OsiTask *all;
    OsiError err;
    size_t n = 0;

    osi_guest_engines(r->t.g, r->o.engines);
    torture_ask_all(&r->t, r->o.tasks);
    all = osi_tasks(r->t.g, &n, &err);
    if (!all || !n) {
        fprintf(stderr, "torture-image: %s\n", all ? "no tasks" : err.message);
        exit(2);
    }
    r->n_tasks = MIN(n, r->o.tasks);
    r->tasks = g_memdup2(all, r->n_tasks * sizeof(*all));
}

static void run(Run *r, uint64_t seed, uint64_t images)
{
    learn_tasks(r);
    for (uint64_t s = seed; s < seed + images; s++) {
        if (s == seed || s % GROUP == 0) {
            begin_group(r, s / GROUP);
        }
        one_image(r, s);
        if (s % GROUP == GROUP - 1 || s + 1 == seed + images) {
            end_group(r);
        }
    }
    torture_report(&r->t, say);
    printf("%s: %" PRIu64 " damaged images from %" PRIu64 ", %" PRIu64
           " errors, %" PRIu64 " MiB at most\n", osi_guest_name(r->t.g),
           r->t.images, seed, r->t.errors, torture_peak() >> 20);
}

static int parse(Options *o, int argc, char **argv)
{
    int i;

    for (i = 1; i + 1 < argc && g_str_has_prefix(argv[i], "--"); i += 2) {
        if (!strcmp(argv[i], "--engine")) {
            static const char letters[] = "ptgs";

            o->engines = 0;
            for (int k = 0; letters[k]; k++) {
                o->engines |= strchr(argv[i + 1], letters[k]) ? 1u << k : 0;
            }
        } else if (!strcmp(argv[i], "--detect")) {
            o->detect = atoi(argv[i + 1]);
        } else if (!strcmp(argv[i], "--tasks")) {
            o->tasks = MAX(atoi(argv[i + 1]), 1);
        }
    }
    return i;
}

int main(int argc, char **argv)
{
    Run r = { .o = { OSI_ENGINES_ALL, false, 200 } };
    int i = parse(&r.o, argc, argv);
    uint64_t size;
    uint8_t *ram;
    GArray *cpus;

    if (argc - i != 4) {
        fprintf(stderr, "usage: torture-image [--engine ptgs] [--detect 1]"
                " [--tasks N] MEMORY REGISTERS SEED IMAGES\n");
        return 2;
    }
    ram = load_memory(argv[i], &size);
    cpus = osi_image_load_registers(argv[i + 1]);
    torture_init(&r.t, ram, size, (OsiCpu *)cpus->data, cpus->len, 0);
    run(&r, strtoull(argv[i + 2], NULL, 0), strtoull(argv[i + 3], NULL, 0));
    torture_deinit(&r.t);
    g_free(r.tasks);
    g_free(r.answers);
    g_array_unref(cpus);
    munmap(ram, size);
    return 0;
}
