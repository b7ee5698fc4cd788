"""Writes tests/golden/nist.txt from the files of NIST's Statistical Reference Datasets for nonlinear regression.

    python3 tools/golden_nist.py FOLDER > tests/golden/nist.txt

FOLDER holds Misra1a.dat .. as published at https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml (data of the United States
government, in the public domain). A set is: name, parameters, observations; start 1; start 2; certified values; pairs y x.
"""
import re
import sys

NAMES = """Misra1a Misra1b Misra1c Misra1d Chwirut1 Chwirut2 Lanczos1 Lanczos2 Lanczos3 Gauss1 Gauss2 Gauss3 DanWood
Kirby2 Hahn1 MGH09 MGH10 MGH17 Roszman1 ENSO Thurber BoxBOD Rat42 Rat43 Eckerle4 Bennett5""".split()


def read(folder, name):
    with open(f"{folder}/{name}.dat", encoding="latin-1") as file:
        text = file.read().replace("\r", "")
    rows = re.findall(r"^\s*b\d+ =\s+(\S+)\s+(\S+)\s+(\S+)\s+\S+\s*$", text, re.M)
    data = [line.split() for line in text.split("\n")[60:] if line.strip()]
    assert all(len(pair) == 2 for pair in data), name
    count = int(re.search(r"(\d+)\s+Observations", text).group(1))
    assert len(data) == count, (name, len(data), count)
    return rows, data


def short(number):
    return repr(float(number)).replace("e-0", "e-").replace("e+0", "e+").removesuffix(".0")


def main():
    for name in NAMES:
        rows, data = read(sys.argv[1], name)
        print(name, len(rows), len(data))
        for column in zip(*rows):
            print(" ".join(short(number) for number in column))
        line = ""
        for pair in data:
            text = " ".join(short(number) for number in pair)
            if line and len(line) + len(text) > 117:
                print(line)
                line = ""
            line += ("  " if line else "") + text
        print(line)


main()
