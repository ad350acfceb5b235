# SPDX-License-Identifier: GPL-2.0-or-later
# $_thread in a condition
# program: threads
break visit if $_thread == 4
continue
print who
print round
continue
print round
