# SPDX-License-Identifier: GPL-2.0-or-later
# finish and the value in a thread
# program: threads
break visit
continue
finish
continue
finish
