/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMCOREINFO: what a Linux kernel writes down for readers of crash dumps, one
 * KEY=VALUE or KIND(name)=VALUE a line. Pure; all input is hostile. Format:
 * Documentation/admin-guide/kdump/vmcoreinfo.rst of Linux.
 */
#ifndef INTROSPECT_VMCOREINFO_H
#define INTROSPECT_VMCOREINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OSI_VMCOREINFO_MAX 65536        /* bytes; one page so far */

/* How it begins, at the start of a page. */
#define OSI_VMCOREINFO_START "OSRELEASE="

/* How many of the @len bytes at @text are text: up to the first that is none. */
size_t osi_vmcoreinfo_length(const char *text, size_t len);

/* Copy the value of @key ("OSRELEASE", "SYMBOL(_stext)"); false: not there. */
bool osi_vmcoreinfo_string(const char *text, size_t len, const char *key,
                           char *value, size_t max);

/* SYMBOL() and KERNELOFFSET are hexadecimal, NUMBER() and the rest decimal. */
bool osi_vmcoreinfo_hex(const char *text, size_t len, const char *key,
                        uint64_t *value);
bool osi_vmcoreinfo_number(const char *text, size_t len, const char *key,
                           int64_t *value);

/* Each SYMBOL(name)=address; false ends the walk. */
typedef bool (*OsiVmcoreinfoFn)(void *opaque, const char *name,
                                uint64_t address);
void osi_vmcoreinfo_symbols(const char *text, size_t len, OsiVmcoreinfoFn fn,
                            void *opaque);

#endif
