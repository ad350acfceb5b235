# SPDX-License-Identifier: GPL-2.0-or-later
# gdb's Python sees frames, values, symbols
# program: basics
break factorial if n == 2
continue
python print(gdb.selected_frame().name(), gdb.selected_frame().older().name())
python print(gdb.parse_and_eval('n') * 3, gdb.selected_frame().find_sal().line)
python print(gdb.lookup_global_symbol('numbers').value()[4])
python print(gdb.selected_inferior().read_memory(gdb.parse_and_eval('&letters'), 4).tobytes())
python print(len(gdb.selected_inferior().threads()), gdb.selected_thread().num)
