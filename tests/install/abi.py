#!/usr/bin/env python3
"""The binary interface against the recorded one: exported functions, and size, members and offsets of public structs, values of enums (from
the debug information of a source that includes bpnn.h).
    abi.py LIBRARY.so INCLUDE COMPILER RECORD [--write]
What is new at the end of a struct or list is a change too: it is recorded (--write) with the change that makes it, and reviewed there."""
import re
import subprocess
import sys
import tempfile


def out(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def exported(library):
    rows = [line.split() for line in out("nm", "-D", "--defined-only", library).splitlines()]
    return sorted("function " + row[2] for row in rows if len(row) == 3 and row[2].startswith("bpnn_"))


def records(include, compiler):
    """(offset, depth, tag, attributes) of every piece of debug information."""
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/all.c", "w", encoding="ascii") as source:
            source.write("#include <bpnn.h>\n")
        subprocess.run([compiler, "-gdwarf-4", "-fno-eliminate-unused-debug-types", "-c", "-I", include, "-o", folder + "/all.o", folder + "/all.c"],
                       check=True)
        text = out("readelf", "--debug-dump=info", folder + "/all.o")
    found = []
    for line in text.splitlines():
        head = re.match(r" <(\w+)><(\w+)>: Abbrev Number: \d+ \((DW_TAG_\w+)\)", line)
        body = re.match(r"\s+<\w+>\s+(DW_AT_\w+)\s*: (?:\(indirect[^)]*\): |\(alt[^)]*\): )?(.*)", line)
        if head:
            found.append((int(head[2], 16), int(head[1], 16), head[3], {}))
        elif body and found:
            found[-1][3].setdefault(body[1], re.sub(r"^\([\w ]+\)\s*", "", body[2].strip()))
    return found


def layouts(include, compiler):
    found = records(include, compiler)
    names = {}  # of anonymous structs, by their typedef
    for _, _, tag, a in found:
        if tag == "DW_TAG_typedef" and "DW_AT_type" in a:
            names.setdefault(int(a["DW_AT_type"].strip("<>"), 16), a.get("DW_AT_name", ""))
    lines, owner = [], None
    for offset, depth, tag, a in found:
        name = a.get("DW_AT_name") or names.get(offset, "")
        if tag in ("DW_TAG_structure_type", "DW_TAG_enumeration_type", "DW_TAG_union_type"):
            owner = (depth, name) if name.startswith("bpnn_") and "DW_AT_byte_size" in a else None
            if owner:
                lines.append(f"{'enum' if 'enum' in tag else 'struct'} {name} size {a['DW_AT_byte_size']}")
        elif tag == "DW_TAG_member" and owner and depth == owner[0] + 1:
            lines.append(f"  {owner[1]}.{name} at {a['DW_AT_data_member_location'].split()[0]}")
        elif tag == "DW_TAG_enumerator" and owner and depth == owner[0] + 1:
            lines.append(f"  {name} = {a['DW_AT_const_value'].split()[0]}")
    return lines


def main():
    library, include, compiler, record = sys.argv[1:5]
    now = exported(library) + layouts(include, compiler)
    if "--write" in sys.argv:
        with open(record, "w", encoding="ascii") as file:
            file.write("\n".join(now) + "\n")
        print(f"abi: {len(now)} written")
        return 0
    with open(record, encoding="ascii") as file:
        then = file.read().splitlines()
    gone, new = [x for x in then if x not in now], [x for x in now if x not in then]
    for line in gone:
        print("gone: " + line)
    for line in new:
        print("new:  " + line)
    if gone or new:
        print("if this is meant, record it: tests/install/abi.py LIBRARY include cc tests/golden/abi.txt --write")
    print(f"abi: {len(then)} done, {len(gone) + len(new)} bad")
    return 1 if gone or new else 0


if __name__ == "__main__":
    sys.exit(main())
