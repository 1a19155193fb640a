# SPDX-License-Identifier: MIT
"""Pages of results/ of which a script writes a part, between two lines that mark it there."""

END = "<!-- to here -->"


def write_part(path, script, lines):
    begin = f"<!-- {script} writes from here -->"
    with open(path, encoding="utf-8") as file:
        before, rest = file.read().split(begin)
    after = rest.split(END)[1]
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{begin}\n" + "\n".join(lines) + f"\n{END}{after}")
