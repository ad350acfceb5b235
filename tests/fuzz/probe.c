/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does clang have libFuzzer and the sanitizers here?  Built, never run. */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return 0;
}
