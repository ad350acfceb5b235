/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCG helpers of the stub extension; QEMU's helper machinery expands this. */
/* Reads globals (and may leave by longjmp), writes none. */
DEF_HELPER_FLAGS_2(gdbx_point, TCG_CALL_NO_WG, void, env, tl)
