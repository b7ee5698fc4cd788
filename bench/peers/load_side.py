"""Reads a CSV file of numbers to a float matrix, again and again: load_side.py numpy|pandas FILE. A line "go" asks for one
reading; the answer is "SECONDS PEAK_KIB SUM"."""
import resource
import sys
import time

import numpy as np

if sys.argv[1] == "pandas":
    import pandas


def read(path):
    if sys.argv[1] == "pandas":
        return pandas.read_csv(path).to_numpy(np.float32)
    return np.loadtxt(path, np.float32, delimiter=",", skiprows=1)


for line in sys.stdin:
    start = time.perf_counter()
    matrix = read(sys.argv[2])
    seconds = time.perf_counter() - start
    total = float(matrix.sum(dtype=np.float64))
    del matrix
    print("%.6f %d %.9g" % (seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, total), flush=True)
