# SPDX-License-Identifier: GPL-2.0-or-later
# find in memory
find &letters[0], +sizeof(letters), 'd', 'e'
print $_
print $numfound
find /w numbers, +sizeof(numbers), 5
find /b letters, letters + 5, 'z'
find /1 &square, +1000, "triangle"
