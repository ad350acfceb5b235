/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU is compiled with -ftrivial-auto-var-init=zero. A large local variable on
 * a path that the guest takes a million times a second, all of whose parts are
 * written before they are read, need not be cleared first.
 */
#ifndef GDBX_UNINIT_H
#define GDBX_UNINIT_H

#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define GDBX_UNINIT __attribute__((uninitialized))
#endif
#endif
#ifndef GDBX_UNINIT
#define GDBX_UNINIT
#endif

#endif
