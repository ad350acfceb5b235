# SPDX-License-Identifier: GPL-2.0-or-later
# commands print which thread came by
# program: threads
break visit
commands
silent
printf "%d: %d %d\n", $_thread, who, round
continue
end
break all_ended
continue
