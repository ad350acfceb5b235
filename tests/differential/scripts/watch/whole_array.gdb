# SPDX-License-Identifier: GPL-2.0-or-later
# an array that fits into no debug register
# program: watched
break write_array
continue
watch array
continue
