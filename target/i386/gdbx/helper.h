/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCG helpers of the stub extension; QEMU's helper machinery expands this. */
/* Reads globals (and may leave by longjmp), writes none. */
DEF_HELPER_FLAGS_3(gdbx_point, TCG_CALL_NO_WG, void, env, tl, i32)
DEF_HELPER_FLAGS_3(gdbx_step, TCG_CALL_NO_WG, void, env, tl, i32)
/* Guest memory for a condition: no fault, no globals. */
DEF_HELPER_FLAGS_3(gdbx_peek, TCG_CALL_NO_RWG, i64, env, i64, i32)
/* In front of an instruction of some kind; of a call or return. */
DEF_HELPER_FLAGS_4(gdbx_insn, TCG_CALL_NO_WG, void, env, tl, ptr, i32)
DEF_HELPER_FLAGS_3(gdbx_calls, TCG_CALL_NO_WG, void, env, tl, ptr)
/* Port, value, size: an access is going to be made, or was. */
DEF_HELPER_FLAGS_4(gdbx_out, TCG_CALL_NO_WG, void, env, i32, i32, i32)
DEF_HELPER_FLAGS_4(gdbx_in, TCG_CALL_NO_WG, void, env, i32, tl, i32)
