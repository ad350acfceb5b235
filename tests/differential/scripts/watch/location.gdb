# SPDX-License-Identifier: GPL-2.0-or-later
# watch -l of an element and of a field
# program: watched
watch -l array[3]
watch -l box.value
continue
continue
bt
