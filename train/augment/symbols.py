"""Synthetic symbols: strokes for characters of which the corpus has too few examples.

A symbol is a list of variants, a variant a list of strokes in the order of writing, and a stroke a list of control
points of a smooth curve; a control point given twice is a corner. Units are x-heights; the baseline is at y = 0 and y
grows **upward**. The strokes were made for this project: they come from nobody's ink and from no font.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

Stroke = list[tuple[float, float]]


def _ring(x: float, y: float, rx: float, ry: float, start: float = 80.0, turn: float = -380.0) -> Stroke:
    """An ellipse about (x, y), from the angle `start` (degrees) on, anticlockwise for a negative `turn`."""
    angles = np.radians(start - np.linspace(0, turn, 10))
    return [(x + rx * math.cos(a), y + ry * math.sin(a)) for a in angles]


SYMBOLS: dict[str, list[list[Stroke]]] = {
    "&": [
        [
            [
                (1.15, 0.05), (0.75, 0.45), (0.35, 1.05), (0.3, 1.45), (0.55, 1.65), (0.75, 1.4), (0.55, 1.05),
                (0.2, 0.7), (0.05, 0.35), (0.25, 0.03), (0.6, 0.1), (0.9, 0.4), (1.1, 0.8),
            ]
        ],
        [
            [
                (0.75, 1.35), (0.45, 1.5), (0.15, 1.25), (0.3, 0.95), (0.55, 0.85), (0.55, 0.85), (0.2, 0.75),
                (0.0, 0.4), (0.25, 0.1), (0.6, 0.15), (0.85, 0.45),
            ],
            [(0.45, 1.8), (0.44, 0.8), (0.4, -0.2)],
        ],
        [
            [
                (1.0, 0.0), (0.6, 0.55), (0.25, 1.15), (0.35, 1.55), (0.65, 1.5), (0.65, 1.15), (0.3, 0.8),
                (0.0, 0.4), (0.2, 0.0), (0.6, 0.1), (0.95, 0.65),
            ]
        ],
    ],
    "@": [
        [
            [
                (0.88, 0.95), (0.62, 1.05), (0.4, 0.75), (0.5, 0.4), (0.75, 0.5), (0.9, 1.0), (0.88, 0.55),
                (1.05, 0.38), (1.3, 0.7), (1.2, 1.25), (0.75, 1.5), (0.2, 1.25), (0.0, 0.65), (0.2, 0.05),
                (0.75, -0.12), (1.2, 0.08),
            ]
        ],
        [
            [
                (0.8, 0.8), (0.6, 0.95), (0.42, 0.7), (0.55, 0.45), (0.78, 0.6), (0.82, 0.9), (0.85, 0.5), (1.1, 0.55),
                (1.15, 1.05), (0.75, 1.35), (0.25, 1.15), (0.05, 0.65), (0.3, 0.1), (0.85, 0.05),
            ]
        ],
    ],
    "#": [
        [
            [(0.45, 1.55), (0.36, 0.8), (0.25, 0.0)],
            [(0.85, 1.55), (0.76, 0.8), (0.65, 0.0)],
            [(0.08, 1.02), (0.55, 1.05), (1.05, 1.08)],
            [(0.0, 0.52), (0.5, 0.54), (1.0, 0.56)],
        ],
        [
            [(0.1, 1.05), (0.55, 1.1), (1.05, 1.12)],
            [(0.05, 0.55), (0.5, 0.6), (1.0, 0.62)],
            [(0.42, 1.6), (0.34, 0.8), (0.28, 0.05)],
            [(0.82, 1.6), (0.72, 0.8), (0.66, 0.05)],
        ],
    ],
    "%": [
        [_ring(0.25, 1.3, 0.22, 0.26), [(1.05, 1.6), (0.6, 0.8), (0.15, 0.0)], _ring(0.95, 0.3, 0.22, 0.27)],
        [_ring(0.22, 1.25, 0.2, 0.24, 60), [(1.0, 1.65), (0.5, 0.75), (0.05, -0.1)], _ring(0.9, 0.25, 0.2, 0.24, 100)],
    ],
    "+": [
        [[(0.4, 1.15), (0.4, 0.65), (0.39, 0.15)], [(0.0, 0.65), (0.4, 0.66), (0.82, 0.67)]],
        [[(0.0, 0.62), (0.4, 0.63), (0.8, 0.66)], [(0.42, 1.1), (0.4, 0.65), (0.4, 0.2)]],
    ],
    "=": [[[(0.0, 0.85), (0.4, 0.86), (0.8, 0.88)], [(0.02, 0.42), (0.4, 0.43), (0.82, 0.45)]]],
    "*": [
        [
            [(0.35, 1.7), (0.35, 1.35), (0.34, 1.0)],
            [(0.05, 1.52), (0.35, 1.35), (0.65, 1.18)],
            [(0.65, 1.52), (0.35, 1.35), (0.05, 1.18)],
        ],
        [
            [(0.12, 1.65), (0.35, 1.38), (0.58, 1.08)],
            [(0.58, 1.65), (0.35, 1.38), (0.1, 1.08)],
            [(0.0, 1.37), (0.35, 1.38), (0.7, 1.4)],
        ],
    ],
    "$": [
        [
            [(0.78, 1.35), (0.45, 1.55), (0.12, 1.25), (0.4, 0.85), (0.75, 0.5), (0.5, 0.08), (0.05, 0.22)],
            [(0.46, 1.85), (0.42, 0.8), (0.38, -0.22)],
        ],
        [
            [(0.8, 1.2), (0.5, 1.42), (0.18, 1.2), (0.35, 0.85), (0.7, 0.6), (0.65, 0.15), (0.3, 0.02), (0.0, 0.2)],
            [(0.38, 1.75), (0.36, 1.3)],
            [(0.33, 0.2), (0.32, -0.25)],
        ],
    ],
    "€": [
        [
            [(1.0, 1.38), (0.72, 1.58), (0.35, 1.35), (0.22, 0.78), (0.35, 0.2), (0.72, 0.02), (1.02, 0.2)],
            [(0.0, 0.98), (0.4, 1.0), (0.78, 1.02)],
            [(-0.02, 0.64), (0.35, 0.65), (0.7, 0.67)],
        ]
    ],
    "/": [
        [[(0.65, 1.7), (0.35, 0.8), (0.0, -0.2)]],
        [[(0.0, -0.2), (0.3, 0.7), (0.6, 1.7)]],
    ],
    "4": [
        [
            [(0.62, 1.6), (0.32, 1.02), (0.0, 0.48), (0.0, 0.48), (0.45, 0.48), (0.95, 0.5)],
            [(0.62, 1.6), (0.6, 0.8), (0.57, 0.0)],
        ],
        [
            [(0.6, 1.58), (0.32, 1.02), (0.02, 0.5), (0.02, 0.5), (0.5, 0.5), (0.92, 0.53)],
            [(0.66, 1.15), (0.62, 0.55), (0.56, -0.02)],
        ],
    ],
    "X": [
        [[(0.05, 1.6), (0.45, 0.85), (0.95, 0.0)], [(0.95, 1.6), (0.5, 0.8), (0.0, 0.0)]],
        [[(1.0, 1.62), (0.5, 0.8), (0.0, 0.02)], [(0.1, 1.58), (0.5, 0.8), (0.98, 0.0)]],
        [
            [(0.0, 1.45), (0.15, 1.6), (0.35, 1.2), (0.6, 0.4), (0.85, 0.0), (1.0, 0.15)],
            [(0.95, 1.6), (0.5, 0.8), (0.0, 0.0)],
        ],
    ],
    "Z": [
        [
            [
                (0.05, 1.55), (0.45, 1.58), (0.92, 1.6), (0.92, 1.6), (0.5, 0.8), (0.0, 0.02),
                (0.0, 0.02), (0.5, 0.0), (1.0, 0.03),
            ]
        ],
        [
            [
                (0.05, 1.55), (0.45, 1.58), (0.95, 1.6), (0.95, 1.6), (0.5, 0.8), (0.02, 0.0),
                (0.02, 0.0), (0.5, 0.02), (1.02, 0.0),
            ],
            [(0.2, 0.8), (0.5, 0.82), (0.8, 0.83)],
        ],
        [
            [
                (0.08, 1.45), (0.3, 1.62), (0.7, 1.5), (0.92, 1.55), (0.92, 1.55), (0.45, 0.75), (0.0, 0.05),
                (0.0, 0.05), (0.35, 0.15), (0.7, 0.0), (1.05, 0.12),
            ]
        ],
    ],
    "Q": [
        [_ring(0.55, 0.8, 0.55, 0.82), [(0.65, 0.45), (0.9, 0.15), (1.2, -0.15)]],
        [_ring(0.52, 0.78, 0.5, 0.8, 100), [(0.6, 0.3), (0.8, 0.05), (1.1, -0.1), (1.25, 0.0)]],
    ],
}  # fmt: skip


def pen_path(control: Stroke, spacing: float, rng) -> np.ndarray:
    """A stroke `[n, 2]`: a Catmull-Rom spline through the control points, sampled more densely at ends and corners.

    `spacing` is the mean distance between two points, in the units of the control points.
    """
    parts: list[list[tuple[float, float]]] = [[control[0]]]
    for before, point in itertools.pairwise(control):
        if point == before:
            parts.append([point])
        else:
            parts[-1].append(point)
    sections = []
    for part in parts:
        p = np.array(part, float)
        p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
        t = np.linspace(0, 1, 24, endpoint=False)[:, None]
        dense = [
            0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
            for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
        ]
        path = np.concatenate([*dense, p[-2:-1]])
        length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
        count = max(3, round(length[-1] / spacing * rng.uniform(0.9, 1.25)) + 1)
        time = np.linspace(0, 1, count)
        # a blend of constant speed and the minimum-jerk movement from rest to rest
        smooth = time**3 * (10 - 15 * time + 6 * time**2)
        along = length[-1] * (0.55 * time + 0.45 * smooth)
        sections.append(np.stack([np.interp(along, length, path[:, k]) for k in (0, 1)], axis=1))
    joined = [sections[0], *(s[1:] for s in sections[1:])]
    return np.concatenate(joined)


def draw_symbol(character: str, spacing: float, slant: float, rng) -> list[np.ndarray]:
    """Strokes `[n, 2]` of a random variant of `character`, randomly deformed; y up, `slant` is dx per dy."""
    variants = SYMBOLS[character]
    variant = variants[rng.integers(len(variants))]
    wide, high = rng.uniform(0.85, 1.15), rng.uniform(0.9, 1.1)
    strokes = []
    for control in variant:
        wobble = rng.normal(0, 0.03, (len(control), 2))
        shift = rng.normal(0, 0.02, 2)
        points, last = [], None
        for index, (x, y) in enumerate(control):
            if last is not None and (x, y) == control[index - 1]:
                points.append(last)
                continue
            x, y = wide * x + wobble[index][0] + shift[0], high * y + wobble[index][1] + shift[1]
            last = (x + slant * y, y)
            points.append(last)
        strokes.append(pen_path(points, spacing, rng))
    return strokes
