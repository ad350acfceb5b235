/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCG helpers of the stub extension; QEMU's helper machinery expands this. */
/* Reads globals (and may leave by longjmp), writes none. */
DEF_HELPER_FLAGS_3(gdbx_point, TCG_CALL_NO_WG, void, env, tl, i32)
/* Guest memory for a condition: no fault, no globals. */
DEF_HELPER_FLAGS_3(gdbx_peek, TCG_CALL_NO_RWG, i64, env, i64, i32)
