/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest object as guest*.c share it. */
#ifndef INTROSPECT_GUEST_PRIVATE_H
#define INTROSPECT_GUEST_PRIVATE_H

#include "introspect/provider.h"

/*
 * Reads of guest memory that one question may cost, each and for each KiB of
 * it. A walk over 262,144 tasks takes about 15 million; forged data that fans
 * out ends here. To detect an OS takes some 100,000, and may be asked four
 * times a second.
 */
#define OSI_READS_MAX 20000000u
#define OSI_READS_DETECT 3000000u

/* A list that was asked for since the last stop, and what was said. */
typedef struct OsiList {
    GArray *rows;
    bool ok;
    OsiError why;                   /* when not ok */
} OsiList;

struct OsiGuest {
    OsiMemory mem;                  /* as given */
    OsiView view;                   /* its mem counts reads */
    uint32_t reads, reads_max;      /* of the question being answered */
    OsiCpu *cpus;                   /* what view.cpus points at */
    const OsiProvider *const *providers;    /* that are tried, in order */
    size_t n_providers;
    const OsiProvider *provider;    /* NULL: no OS recognised */
    void *os;
    uint8_t *types;                 /* what view.profile points at */
    char *symbols;

    /* Since the last stop. */
    bool asked;                     /* detection was tried */
    OsiError no_os;                 /* what it said */
    bool walked;
    OsiError no_tasks;
    GArray *tasks;                  /* OsiTask */
    GHashTable *by_pid;             /* pid -> index in tasks + 1 */
    GArray *features;               /* OsiFeature, NULL unread */
    OsiTask *current;               /* one for each CPU; object 0 = unread */
    GHashTable *lists;              /* (kind, object) -> OsiList */
};

/* What is asked from here on may cost @max. */
void osi_reads(OsiGuest *g, uint32_t max);

/* Begin a question: is there an OS, and may it read afresh? */
bool osi_ask(OsiGuest *g, OsiError *err);

/* End it: replaces the error of a walk that was cut by OSI_READS_MAX. */
void osi_asked(OsiGuest *g, OsiError *err);

/* As osi_ask(), and the provider must know how. */
#define OSI_CAN(g, op, err) \
    (osi_ask(g, err) && \
     ((g)->provider->op || osi_cannot(g, #op, err)))
bool osi_cannot(OsiGuest *g, const char *what, OsiError *err);

void osi_forget_lists(OsiGuest *g);

#endif
