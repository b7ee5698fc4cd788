#!/usr/bin/env python3
"""plots.py RESULTS.json FOLDER: the curves of bench/run.sh scaling as SVG, legible on light and dark pages."""
import json
import math
import os
import sys

from machine import median

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 70, 120, 40, 48
COLOURS = {"bpnn": "#1f8a5b", "cblas-loop": "#d97706", "torch-eager": "#7c6fd6"}
AXES = {
    "batch": ("784-128-10, adam, one thread: training", "batch", lambda p: p["batch"]),
    "width": ("256-w-w-10, batch 64, adam, one thread: training", "units a hidden layer", lambda p: int(p["layers"].split("-")[1])),
    "depth": ("hidden layers of 64, batch 64, adam, one thread: training", "hidden layers", lambda p: p["layers"].count("-") - 1),
    "rows": ("784-128-10, one thread: prediction", "rows a call", lambda p: p["rows"]),
    "threads": ("784-512-512-10, batch 128, adam: training", "threads", lambda p: p["threads"]),
}


def text(x, y, words, anchor="middle", size=12, colour="#808080", more=""):
    return '<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d" fill="%s"%s>%s</text>' % (x, y, anchor, size, colour, more, words)


def short(v):
    return "%gM" % (v / 1e6) if v >= 1e6 else "%gk" % (v / 1e3) if v >= 1e3 else "%g" % v


class Scale:
    """Logarithmic, from one power of ten (or the least value) to the next."""

    def __init__(self, values, begin, end, whole):
        low, high = math.log10(min(values)), math.log10(max(values))
        self.low, self.high = (math.floor(low), math.ceil(high)) if whole else (low, high)
        self.high = self.high if self.high > self.low else self.low + 1
        self.begin, self.end = begin, end

    def at(self, value):
        return self.begin + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.begin)


def curve(name, points, x, y):
    colour = COLOURS.get(name, "#808080")
    places = [(x.at(a), y.at(b)) for a, b in points]
    lines = ['<polyline fill="none" stroke="%s" stroke-width="2.5" points="%s"/>' % (colour, " ".join("%.1f,%.1f" % p for p in places))]
    lines += ['<circle cx="%.1f" cy="%.1f" r="3.5" fill="%s"/>' % (a, b, colour) for a, b in places]
    return lines


def labels(ends):
    """Names beside the last points, kept apart."""
    lines, last = [], -1e9
    for y, x, name in sorted(ends):
        last = max(y, last + 15)
        lines.append(text(x + 10, last + 4, name, "start", 13, COLOURS.get(name, "#808080"), ' font-weight="600"'))
    return lines


def plot(title, label, curves):
    xs = sorted({a for points in curves.values() for a, _ in points})
    x = Scale(xs, LEFT, WIDTH - RIGHT, False)
    y = Scale([b for points in curves.values() for _, b in points], HEIGHT - BOTTOM, TOP, True)
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif">' % (WIDTH, HEIGHT), text(LEFT, 20, title, "start", 14)]
    for power in range(int(y.low), int(y.high) + 1):
        at = y.at(10.0**power)
        lines.append('<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="#808080" stroke-opacity="0.3"/>' % (LEFT, WIDTH - RIGHT, at, at))
        lines.append(text(LEFT - 8, at + 4, short(10.0**power), "end"))
    for value in xs:
        lines.append(text(x.at(value), HEIGHT - BOTTOM + 18, value))
    lines += [text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, label), text(16, (TOP + HEIGHT - BOTTOM) / 2, "rows a second", more=' transform="rotate(-90 16 %d)"' % ((TOP + HEIGHT - BOTTOM) / 2))]
    ends = []
    for name, points in curves.items():
        lines += curve(name, points, x, y)
        ends.append((y.at(points[-1][1]), x.at(points[-1][0]), name))
    return "\n".join(lines + labels(ends) + ["</svg>", ""])


def main():
    found, folder = json.load(open(sys.argv[1])), sys.argv[2]
    for axis, points in found.get("scaling", {}).items():
        title, label, value = AXES[axis]
        curves = {}
        for point in points:
            for name, result in point["results"].items():
                if result.get("rates"):
                    curves.setdefault(name, []).append((value(point), median(result["rates"])))
        if len(points) > 1:
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, axis + ".svg"), "w") as f:
                f.write(plot(title, label, curves))


main()
