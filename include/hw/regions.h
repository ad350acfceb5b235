/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest reaches at which address: the flat view of its memory and I/O
 * port space, with the device behind each range. The first slice of the device
 * room; stops on accesses build on the same names.
 */
#ifndef HW_REGIONS_H
#define HW_REGIONS_H

typedef struct HwRegion {
    bool port;              /* I/O port space, else physical memory */
    uint64_t start, last;   /* bytes, inclusive */
    const char *kind;       /* "ram", "rom", "io"; a constant */
    const char *name;       /* the region's, as `info mtree' shows it */
    const char *device;     /* QOM type of its owner, or "" */
} HwRegion;

/* Strings are valid during the call. False ends the walk. */
typedef bool (*HwRegionFn)(void *opaque, const HwRegion *region);

/* Both spaces, ascending, ports first. Main thread with the BQL. */
void hw_each_region(HwRegionFn fn, void *opaque);

#endif
