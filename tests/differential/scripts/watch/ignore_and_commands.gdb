# SPDX-License-Identifier: GPL-2.0-or-later
# ignore counts and commands of watchpoints
# program: watched
watch other
watch array[15]
commands 1
silent
print other
end
commands 2
print array[15]
end
continue
continue
