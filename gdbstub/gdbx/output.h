/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the stub says on gdb's console, and the stop reply that comes behind it.
 */
#ifndef GDBX_OUTPUT_H
#define GDBX_OUTPUT_H

/*
 * Text for gdb's console. Any thread, never blocks: it is kept, bounded, until
 * gdb waits for a stop and has room (lines.h says what happens when it has
 * not).
 */
void gdbx_output(const char *text, size_t len);
/* What this thread says goes into @text instead; NULL: to gdb again. */
void gdbx_output_into(GString *text);

/* The rest: main thread, BQL. */
void gdbx_output_init(void);
/* A client is gone: nothing is left for the next one. */
void gdbx_output_reset(void);
/* The answer to a resume: sent when what was said before has been sent. */
void gdbx_output_stop(const GString *reply);
/*
 * Now or never: sends what fits without waiting, a word about the rest, and the
 * stop reply that waits, if there is one.
 */
void gdbx_output_hurry(void);
/* The machine runs again though its stop has not been told: that is now. */
void gdbx_output_overtaken(void);
/* gdb waits for a stop from now on. */
void gdbx_output_resumed(void);
/* A byte from the client; true: it was for us, nobody else may see it. */
bool gdbx_output_byte(uint8_t ch);

#endif
