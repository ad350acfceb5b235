# SPDX-License-Identifier: GPL-2.0-or-later
# strings, escapes
print greeting
print *greeting@5
print letters
x/s greeting
x/2s letters
printf "%s and %c and %d\n", greeting, letters[2], total
echo done\n
print (char *)letters + 3
