/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices whose state cannot be saved while the machine runs. */
#ifndef HW_GDBX_UNKEPT_H
#define HW_GDBX_UNKEPT_H

/*
 * The type of one that is there now, plugged in later or not; NULL: there is
 * none. Saving the devices would end the emulator if there is. BQL.
 */
const char *gdbx_unkept(void);

#endif
