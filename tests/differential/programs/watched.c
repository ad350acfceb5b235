/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is written and read where one can tell by what. */
#include "begin.h"

struct box {
    int id;
    long value;
    char text[24];
};

int plain;
long other;
struct box box = { 1, 10, "start" };
int array[16];
int *pointer = &plain;
char bytes[8];

void write_plain(int value)
{
    plain = value;
    plain = value;
    plain = value + 1;
}

int read_plain(void)
{
    int a = plain;
    int b = plain;

    return a + b;
}

void write_box(void)
{
    box.id = 2;
    box.value = 20;
    box.text[0] = 'S';
    box.text[4] = 'T';
}

void write_array(void)
{
    for (int i = 0; i < 16; i++) {
        array[i] = i * i;
    }
}

int local(int start)
{
    int counter = start;

    counter++;
    counter *= 2;
    other = counter;
    return counter;
}

void write_pointed(int value)
{
    *pointer = value;
}

void write_bytes(void)
{
    bytes[0] = 1;
    bytes[1] = 2;
    bytes[2] = 3;
    bytes[3] = 4;
}

int main(void)
{
    begin("watched");
    write_plain(5);
    read_plain();
    write_box();
    write_array();
    local(3);
    write_pointed(42);
    pointer = &array[2];
    write_pointed(43);
    write_bytes();
    write_plain(100);
    return 0;
}
