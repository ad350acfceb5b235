/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All devices' state as a stream. See devices.h. */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/units.h"
#include "io/channel-buffer.h"
#include "migration/global_state.h"
#include "migration/qemu-file.h"
#include "migration/savevm.h"
#include "system/reset.h"
#include "hw/gdbx/ide.h"
#include "hw/gdbx/unkept.h"
#include "hw/gdbx/unload.h"
#include "hw/gdbx/virtio.h"
#include "replay/gdbx/devices.h"

/* The head of a stream, which qemu_load_device_state() does not expect. */
#define HEAD 8

uint8_t *devices_save(size_t *size)
{
    QIOChannelBuffer *buffer;
    QEMUFile *f;
    uint8_t *state = NULL;

    if (gdbx_unkept()) {
        return NULL;
    }
    buffer = qio_channel_buffer_new(64 * KiB);
    f = qemu_file_new_output(QIO_CHANNEL(buffer));
    global_state_store_running();
    gdbx_ide_put_aside();
    if (qemu_save_device_state(f) >= 0 && qemu_fflush(f) >= 0) {
        *size = buffer->usage;
        state = g_memdup2(buffer->data, buffer->usage);
    }
    gdbx_ide_put_back();
    qemu_fclose(f);
    object_unref(OBJECT(buffer));
    return state;
}

static bool load(const uint8_t *state, size_t size)
{
    QIOChannelBuffer *buffer = qio_channel_buffer_new(size);
    QEMUFile *f;
    int ret;

    memcpy(buffer->data, state, size);
    buffer->usage = size;
    buffer->offset = HEAD;
    f = qemu_file_new_input(QIO_CHANNEL(buffer));
    ret = qemu_load_device_state(f);
    qemu_fclose(f);
    object_unref(OBJECT(buffer));
    return ret >= 0;
}

static bool have(const char *part, void *opaque)
{
    const DevicesPart *all = opaque;

    return devices_have(all->data, all->len, part);
}

bool devices_load(const uint8_t *state, size_t size, void (*ram)(void *opaque),
                  void *opaque)
{
    DevicesPart all = { .data = state, .len = size };

    /*
     * A part of a device's state that is as it was at the beginning is not in
     * the stream (subsections), so loading alone would leave it as it is now.
     * RAM later: the reset writes some.
     */
    gdbx_ide_forget();
    qemu_devices_reset(RESET_TYPE_SNAPSHOT_LOAD);
    gdbx_unload_parts(have, &all);
    ram(opaque);
    if (!load(state, size)) {
        return false;
    }
    gdbx_virtio_loaded();
    return true;
}

/* Does a device's name stand at @at, as its length and its letters? */
static bool is_name(const uint8_t *s, size_t size, size_t at)
{
    size_t len = at < size ? s[at] : 0;

    for (size_t i = 1; i <= len; i++) {
        if (at + i >= size || !g_ascii_isgraph(s[at + i])) {
            return false;
        }
    }
    return len;
}

/*
 * One device's state, from @at on: its end is where its footer is, followed by
 * the beginning of another one, or the end of all. Numbers within may look like
 * a footer: that of the first section is 0x7e and zeros.
 */
static size_t section_end(const uint8_t *s, size_t size, size_t at)
{
    const uint8_t *id = s + at + 1;

    for (size_t i = at + 5; i + 6 <= size; i++) {
        if (s[i] != QEMU_VM_SECTION_FOOTER || memcmp(s + i + 1, id, 4)) {
            continue;
        }
        if ((s[i + 5] == QEMU_VM_EOF && i + 6 == size) ||
            (s[i + 5] == QEMU_VM_SECTION_FULL && is_name(s, size, i + 10))) {
            return i + 5;
        }
    }
    return size;
}

bool devices_part(const uint8_t *state, size_t size, size_t *at,
                  DevicesPart *part)
{
    size_t from = *at ?: HEAD, len;

    /* Type, id, name with its length, instance, version. */
    if (from + 6 >= size || from + 6 + state[from + 5] + 8 > size) {
        return false;
    }
    *at = section_end(state, size, from);
    len = state[from + 5];
    memcpy(part->name, state + from + 6, len);
    part->name[len] = 0;
    part->instance = ldl_be_p(state + from + 6 + len);
    part->data = state + from;
    part->len = *at - from;
    part->present = !strcmp(part->name, "timer") ||
                    !strcmp(part->name, "globalstate");
    return true;
}

static bool same(const DevicesPart *a, const DevicesPart *b)
{
    return a->len == b->len && !memcmp(a->data, b->data, a->len);
}

char *devices_differ(const uint8_t *state, size_t size)
{
    size_t size_now = 0, at = 0, at_now = 0;
    g_autofree uint8_t *now = devices_save(&size_now);
    g_autoptr(GString) names = g_string_new(NULL);
    DevicesPart a, b;

    if (!now) {
        return g_strdup("a device cannot be saved");
    }
    if (size == size_now && !memcmp(state, now, size)) {
        return NULL;
    }
    /* The order is that in which devices were made: always the same. */
    while (devices_part(state, size, &at, &a) &&
           devices_part(now, size_now, &at_now, &b)) {
        if (!a.present && !same(&a, &b)) {
            g_string_append_printf(names, "%s%s", names->len ? ", " : "",
                                   a.name);
        }
    }
    return names->len ? g_strdup(names->str) : NULL;
}

bool devices_have(const uint8_t *state, size_t size, const char *name)
{
    size_t len = strlen(name);

    /* Wherever it stands, its length is in front of it. */
    for (size_t i = HEAD + 1; i + len <= size; i++) {
        if (state[i - 1] == len && !memcmp(state + i, name, len)) {
            return true;
        }
    }
    return false;
}
