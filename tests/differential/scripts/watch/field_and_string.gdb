# SPDX-License-Identifier: GPL-2.0-or-later
# a field changed, a string changed
# program: watched
watch box.id
watch box.text
continue
continue
continue
print box
