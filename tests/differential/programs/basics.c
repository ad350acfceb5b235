/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program is made of: data of all kinds, calls, loops, recursion. */
#include <stdlib.h>
#include <string.h>
#include "begin.h"

enum colour { RED, GREEN = 5, BLUE };

struct point {
    int x, y;
};

struct shape {
    char name[16];
    enum colour colour;
    struct point corner[4];
    unsigned small : 3, large : 20;
    struct shape *next;
    double weight;
};

struct big {
    long value[8];
};

union word {
    unsigned u;
    float f;
    unsigned char byte[4];
};

int total;
long wide = 0x123456789abcdef;
char letters[] = "abcdefghij";
struct shape square = {
    "square", BLUE, { { 0, 0 }, { 0, 2 }, { 2, 2 }, { 2, 0 } }, 5, 99999,
    NULL, 2.5,
};
struct shape triangle = {
    "triangle", RED, { { 1, 1 }, { 3, 1 }, { 2, 4 } }, 1, 7, &square, -0.125,
};
union word word = { .f = 1.5f };
const char *const greeting = "hello, \"guest\"\n\t\x01";
static int hidden = 77;
int numbers[10] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3 };
int matrix[3][4] = { { 1, 2, 3, 4 }, { 5, 6, 7, 8 }, { 9, 10, 11, 12 } };
float single = 0.1f;
long double extended = 1.25L;
_Bool flag = 1;
int (*operation)(int, int);
#ifdef __x86_64__
__int128 huge = (__int128)1 << 100;
#endif

int add(int a, int b)
{
    int sum = a + b;

    total += sum;
    return sum;
}

int multiply(int a, int b)
{
    int product = a * b;

    total += product;
    return product;
}

long factorial(int n)
{
    if (n <= 1) {
        return 1;
    }
    return n * factorial(n - 1);
}

double half(double x)
{
    return x / 2;
}

struct point mirror(struct point p)
{
    struct point q = { p.y, p.x };

    return q;
}

struct big fill(long from)
{
    struct big b;

    for (int i = 0; i < 8; i++) {
        b.value[i] = from + i;
    }
    return b;
}

const char *name_of(const struct shape *s)
{
    return s->name;
}

int length_of(const char *text)
{
    int n = 0;

    while (text[n]) {
        n++;
    }
    return n;
}

int loop(int rounds)
{
    int sum = 0;

    for (int i = 0; i < rounds; i++) {
        sum += numbers[i % 10];
        total = sum;
    }
    return sum;
}

int many(int a, long b, char c, short d, unsigned e, long f, int g, double h)
{
    int inner = a + b + c + d + e + f + g + (int)h;

    {
        int inner = 1000;

        total += inner;
    }
    return inner;
}

int classify(int n)
{
    switch (n) {
    case 0:
        return 10;
    case 1:
        return 11;
    default:
        break;
    }
    if (n < 0) {
        goto negative;
    }
    return n > 100 ? 2 : 1;
negative:
    return -1;
}

int last(int a)
{
    static int calls;

    calls++;
    return a + calls;
}

/* Registers that a debugger is to see, at a label of its own. */
__attribute__((noinline)) void planted(void)
{
#ifdef __x86_64__
    __asm__ volatile (
        "mov $0x1111111122222222, %%rax\n\t"
        "mov $0x3333333344444444, %%rcx\n\t"
        "mov $0x5555555566666666, %%rdx\n\t"
        "mov $0x1234, %%r8\n\t"
        "mov $0xfedcba9876543210, %%r9\n\t"
        "movq %%rax, %%xmm3\n\t"
        "movq %%rdx, %%xmm4\n\t"
        "cmp %%rax, %%rax\n\t"
        ".globl planted_here\n"
        "planted_here:\n\t"
        "nop\n\t"
        "nop\n\t"
        "stc\n\t"
        "nop\n\t"
        : : : "rax", "rcx", "rdx", "r8", "r9", "xmm3", "xmm4", "cc");
#else
    __asm__ volatile (
        "mov $0x11112222, %%eax\n\t"
        "mov $0x33334444, %%ecx\n\t"
        "mov $0x55556666, %%edx\n\t"
        "cmp %%eax, %%eax\n\t"
        ".globl planted_here\n"
        "planted_here:\n\t"
        "nop\n\t"
        "nop\n\t"
        "stc\n\t"
        "nop\n\t"
        : : : "eax", "ecx", "edx", "cc");
#endif
}

void finish_line(void)
{
    total = -1;
}

int main(int argc, char **argv)
{
    struct shape *list = &triangle;
    char *copy;
    int r = 0;

    begin("basics");
    r = add(2, 3);
    r += multiply(r, 4);
    operation = argc > 5 ? multiply : add;
    r += operation(10, argc > 1 ? 20 : 30);
    r += factorial(5);
    r += loop(25);
    for (struct shape *s = list; s; s = s->next) {
        r += length_of(name_of(s));
    }
    r += many(1, 2, 3, 4, 5, 6, 7, 8.5);
    r += classify(0) + classify(1) + classify(-5) + classify(500);
    square.corner[1] = mirror(square.corner[1]);
    r += fill(100).value[3];
    single = half(single);
    copy = strdup(letters);
    copy[3] = 'D';
    r += last(1) + last(2) + last(3);
    planted();
    r += hidden;
    free(copy);
    finish_line();
    return r & 3;
}
