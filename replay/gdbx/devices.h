/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of all devices as one stream of bytes, in the form that migration
 * has: a section for each device. Locking: as checkpoint.h.
 */
#ifndef REPLAY_GDBX_DEVICES_H
#define REPLAY_GDBX_DEVICES_H

typedef struct DevicesPart {
    char name[256];             /* of the section, as `info migrate' has it */
    uint32_t instance;
    const uint8_t *data;        /* the whole section, within the stream */
    size_t len;                 /* in bytes */
    bool present;               /* has the host's time, or whether it runs */
} DevicesPart;

/* The caller's, g_free(). NULL: a device refuses. @size: in bytes. */
uint8_t *devices_save(size_t *size);
/*
 * Makes the devices what they were when @state was saved, whatever they are
 * now. @ram: called once they have been reset, before they are loaded. False: a
 * device did not accept its own state.
 */
bool devices_load(const uint8_t *state, size_t size, void (*ram)(void *opaque),
                  void *opaque);
/*
 * The next part of @state, behind *@at, which is 0 to begin with. False: that
 * was all.
 */
bool devices_part(const uint8_t *state, size_t size, size_t *at,
                  DevicesPart *part);
/*
 * NULL: the devices are what @state says, that is saved again they make the
 * same. Else the names of those that are not, g_free().
 */
char *devices_differ(const uint8_t *state, size_t size);
/* Does @state have a section, or a part of one, that is called @name? */
bool devices_have(const uint8_t *state, size_t size, const char *name);

#endif
