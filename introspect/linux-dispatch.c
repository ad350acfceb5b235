/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which function serves a system call, where the kernel has no table of them
 * but a function that compares the number (a switch compiled without jump
 * tables): its instructions are followed as the CPU would, for one number.
 *
 * Few kinds of instruction make such a function; at any other it is given up.
 * Encodings: Intel SDM vol. 2.
 */
#include "linux-threads.h"

#define STEPS_MAX   256
#define CODE_MAX    65536       /* bytes of that function */
#define CODE        16          /* read at once; no instruction is longer */

typedef struct Cpu {
    uint64_t start, pc;
    uint32_t number, compared;  /* the last comparison */
    uint64_t target;            /* where a call or jump left the function */
} Cpu;

typedef enum Follow { STEP, LEFT, LOST } Follow;

/* Is the condition of the opcode's low four bits true? */
static bool holds(const Cpu *c, unsigned condition, bool *known)
{
    uint32_t a = c->number, b = c->compared;

    *known = true;
    switch (condition) {
    case 0x2:
        return a < b;
    case 0x3:
        return a >= b;
    case 0x4:
        return a == b;
    case 0x5:
        return a != b;
    case 0x6:
        return a <= b;
    case 0x7:
        return a > b;
    case 0xc:
        return (int32_t)a < (int32_t)b;
    case 0xd:
        return (int32_t)a >= (int32_t)b;
    case 0xe:
        return (int32_t)a <= (int32_t)b;
    case 0xf:
        return (int32_t)a > (int32_t)b;
    default:
        *known = false;
        return false;
    }
}

/* Out of the function, or to a place in it. */
static Follow go(Linux *lx, Cpu *c, uint64_t to, bool call, unsigned len)
{
    OsiSymbol s;

    if (lx->word == 4) {
        to = (uint32_t)to;
    }
    if (linux_symbol_at(lx, to, &s) && s.value == to && to != c->start &&
        linux_syscall_of(s.name)) {
        c->target = to;
        return LEFT;
    }
    if (call) {
        c->pc += len;           /* of tracing, at the start */
        return STEP;
    }
    c->pc = to;
    return to - c->start < CODE_MAX ? STEP : LOST;
}

static Follow branch(Cpu *c, unsigned condition, unsigned len, int32_t rel)
{
    bool known, yes = holds(c, condition, &known);

    c->pc += len + (yes ? (int64_t)rel : 0);
    return known && c->pc - c->start < CODE_MAX ? STEP : LOST;
}

/* Bytes that a ModRM byte without displacement to a symbol asks for. */
static unsigned modrm_length(const uint8_t *b)
{
    unsigned mod = b[0] >> 6, rm = b[0] & 7;
    unsigned len = 1 + (mod != 3 && rm == 4);

    return len + (mod == 1 ? 1 : mod == 2 || (!mod && rm == 5) ? 4 : 0);
}

/* Padding, frames: what neither compares nor branches. 0: something else. */
static unsigned harmless(const uint8_t *b)
{
    unsigned at = 0;

    while (at < 5 && (b[at] == 0x66 || b[at] == 0x2e || b[at] == 0x3e)) {
        at++;
    }
    if (b[at] >= 0x50 && b[at] <= 0x5f) {               /* push, pop */
        return at + 1;
    }
    if (b[at] == 0x90) {
        return at + 1;
    }
    if (b[at] == 0xf3 && b[at + 1] == 0x0f && b[at + 2] == 0x1e) {
        return at + 4;                                  /* endbr */
    }
    if (b[at] == 0x0f && b[at + 1] == 0x1f) {           /* nop */
        return at + 2 + modrm_length(b + at + 2);
    }
    if (b[at] == 0x8d || b[at] == 0x89 || b[at] == 0x8b) {
        return at + 1 + modrm_length(b + at + 1);       /* lea, mov */
    }
    if ((b[at] & 0xf8) == 0x48 && (b[at + 1] == 0x89 || b[at + 1] == 0x8b)) {
        return at + 2 + modrm_length(b + at + 2);
    }
    return 0;
}

static Follow step(Linux *lx, Cpu *c, const uint8_t *b)
{
    int32_t rel = (int32_t)osi_le32(b + 1);
    unsigned len;

    if (b[0] == 0x81 && (b[1] & 0xf8) == 0xf8) {        /* cmp imm32, reg */
        c->compared = osi_le32(b + 2);
        c->pc += 6;
    } else if (b[0] == 0x83 && (b[1] & 0xf8) == 0xf8) { /* cmp imm8, reg */
        c->compared = (int8_t)b[2];
        c->pc += 3;
    } else if (b[0] == 0x3d) {                          /* cmp imm32, eax */
        c->compared = osi_le32(b + 1);
        c->pc += 5;
    } else if (b[0] == 0x85 && b[1] >> 6 == 3 &&
               (b[1] >> 3 & 7) == (b[1] & 7)) {         /* test reg, reg */
        c->compared = 0;
        c->pc += 2;
    } else if ((b[0] & 0xf0) == 0x70) {
        return branch(c, b[0] & 15, 2, (int8_t)b[1]);
    } else if (b[0] == 0x0f && (b[1] & 0xf0) == 0x80) {
        return branch(c, b[1] & 15, 6, (int32_t)osi_le32(b + 2));
    } else if (b[0] == 0xeb) {
        return go(lx, c, c->pc + 2 + (int8_t)b[1], false, 2);
    } else if (b[0] == 0xe9 || b[0] == 0xe8) {
        return go(lx, c, c->pc + 5 + rel, b[0] == 0xe8, 5);
    } else {
        len = harmless(b);
        c->pc += len;
        return len ? STEP : LOST;
    }
    return STEP;
}

bool linux_dispatched(Linux *lx, const char *function, uint32_t number,
                      uint64_t *target)
{
    Cpu c = { .number = number };
    uint8_t b[CODE];

    if (!linux_sym(lx, function, &c.start)) {
        return false;
    }
    c.pc = c.start;
    for (int i = 0; i < STEPS_MAX; i++) {
        Follow f;

        if (!osi_reader_read(&lx->kernel, c.pc, b, sizeof(b), NULL)) {
            return false;
        }
        f = step(lx, &c, b);
        if (f != STEP) {
            *target = c.target;
            return f == LEFT;
        }
    }
    return false;
}
