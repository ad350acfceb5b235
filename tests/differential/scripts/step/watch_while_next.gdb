# SPDX-License-Identifier: GPL-2.0-or-later
# next meets a watchpoint
break add
continue
watch total
next
next
next
