"""Small SVG plots to embed in a page: the same values give the same bytes.

    plots.lines([("loss", steps, losses)], title="Training loss", x="step", y="loss")     # Markup

Each function returns an `<svg>` as `Markup`, or "" if there is nothing to draw. Text stays text in the page's font, so
that it can be searched and needs no font here for Chinese; the price is that its width is only estimated. Lines and
grid have the page's text colour, so that plots fit light and dark pages. Only matplotlib's `Figure` is used, so the
state of pyplot does not change.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from markupsafe import Markup

from bertkit.display import visible

INK = "#010203"
"""A placeholder for the page's text colour while matplotlib draws."""
COLOURS = ("#3b82f6", "#f0803c", "#22a06b", "#b25fd6", "#d6455d", "#8a9a1f")
"""Colours of the first lines, in order; all are visible on white and on near black."""
DASHES: tuple[Any, ...] = ("solid", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)), (0, (3, 3)))
"""Beside the colours, where lines are many and near each other: who can not tell the colours apart sees these."""
SIZE = (4.8, 2.8)
"""Inches; a page scales it to its width."""
AT = (0.13, 0.17, 0.85, 0.72)
"""Left, bottom, width and height of the axes. Fixed, like the title: an automatic layout takes a fifth more time."""
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a $ in a label does not start a formula
    "svg.hashsalt": "bertkit",
    "font.size": 9,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.unicode_minus": False,
    "legend.frameon": False,
    "legend.fontsize": 8,
}
_REPLACEMENTS = (
    (re.compile(r"<metadata>.*?</metadata>\s*", re.S), ""),
    (re.compile(r"<style.*?</style>\s*", re.S), ""),  # it would apply to the whole page
    (re.compile(r"font-family: [^;\"]*; ?"), ""),
    (re.compile(r"<defs>\s*</defs>\s*"), ""),
    (re.compile(rf"{INK}\b"), "currentColor"),
    (
        re.compile(r' id="(?:figure|axes|patch|line2d|text|matplotlib\.axis|xtick|ytick|legend|PathCollection)_[^"]*"'),
        "",
    ),
    (re.compile(r"\n\s*"), "\n"),
)

Series = tuple[str, Sequence[float], Sequence[float]]
"""Name, x and y; points whose y is None or not finite are left out."""


SMALL = 1e-3
"""Below it matplotlib writes a common power of ten above the axis, into the title."""


def lines(series: Sequence[Series], *, title: str, x: str, y: str = "", dots: bool = False) -> Markup | str:
    """Lines over a common x; `dots`: also draw a dot at each point, for series of few points."""
    kept = [(name, *pairs) for name, xs, ys in series if (pairs := _finite(xs, ys))[0]]
    if not kept:
        return ""

    def paint(axes: Any) -> None:
        for number, (name, xs, ys) in enumerate(kept):
            style = {"marker": "o", "markersize": 3} if dots or len(xs) == 1 else {}
            axes.plot(xs, ys, color=COLOURS[number % len(COLOURS)], linewidth=1.4, label=name, **style)
        if len(kept) > 1:
            axes.legend()
        if max(abs(value) for _, _, ys in kept for value in ys) < SMALL:
            axes.yaxis.set_major_formatter("{x:.3g}")

    return drawn(paint, title=title, x=x, y=y)


def rates(
    series: Sequence[Series], *, title: str, x: str, y: str, steps: bool = False, diagonal: bool = False
) -> Markup | str:
    """Lines between 0 and 1 on both axes, the first one drawn last and widest.

    Args:
        steps: each value of y holds from the x before, as precision does from one recall to the next.
        diagonal: draw the line of equal x and y.
    """
    if not series:
        return ""

    def paint(axes: Any) -> None:
        if diagonal:
            axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=(0, (4, 3)), alpha=0.6)
        style = "steps-pre" if steps else "default"
        drawn_lines = [
            axes.plot(
                xs, ys, color=COLOURS[number % len(COLOURS)], linewidth=1.1 if number else 1.9,
                linestyle=DASHES[number % len(DASHES)], drawstyle=style, zorder=3 if number else 4,
            )[0]
            for number, (_, xs, ys) in enumerate(series)
        ]  # fmt: skip
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.04)
        axes.legend(drawn_lines, [name for name, _, _ in series], loc="lower left" if steps else "lower right")

    return drawn(paint, title=title, x=x, y=y)


def bars(
    names: Sequence[str],
    heights: Sequence[float],
    *,
    title: str,
    x: str = "",
    y: str = "",
    errors: Sequence[tuple[float, float]] | None = None,
    notes: Sequence[str] = (),
    top: float | None = None,
) -> Markup | str:
    """A bar per name. All arguments after `heights` are optional labels and limits.

    Args:
        errors: length of each error bar below and above.
        notes: a few letters above each bar.
        top: upper end of the y axis.
    """
    if not names:
        return ""

    def paint(axes: Any) -> None:
        whiskers = list(zip(*errors, strict=True)) if errors else None
        axes.bar(
            range(len(names)), heights, color=COLOURS[0], alpha=0.75, width=0.7,
            yerr=whiskers, ecolor=INK, capsize=2.5, error_kw={"linewidth": 0.9},
        )  # fmt: skip
        axes.set_xticks(range(len(names)), list(names), fontsize=8)
        ends = [height + (errors[place][1] if errors else 0) for place, height in enumerate(heights)]
        for place, (end, note) in enumerate(zip(ends, notes, strict=False)):
            axes.annotate(
                note, (place, end), xytext=(0, 2), textcoords="offset points",
                ha="center", va="bottom", fontsize=7.5,
            )  # fmt: skip
        if notes:
            axes.margins(y=0.12)
        if top is not None:
            axes.set_ylim(0, top * (1.1 if notes else 1.02))

    return drawn(paint, title=title, x=x, y=y)


def reliability(
    confidences: Sequence[float], accuracies: Sequence[float], counts: Sequence[int], *, title: str
) -> Markup | str:
    """Accuracy by confidence, with the diagonal; a dot per bin, its area proportional to the rows in it."""
    if not counts:
        return ""

    def paint(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=(0, (4, 3)), alpha=0.6)
        axes.plot(confidences, accuracies, color=COLOURS[0], linewidth=1.2)
        most = max(counts)
        axes.scatter(
            confidences, accuracies, s=[12 + 110 * count / most for count in counts], color=COLOURS[0], alpha=0.75
        )
        for place, count in enumerate(counts):
            axes.annotate(
                f"{count:,}", (confidences[place], accuracies[place]), xytext=(0, -8), textcoords="offset points",
                ha="center", va="top", fontsize=7,
            )  # fmt: skip
        axes.set_xlim(-0.03, 1.05)
        axes.set_ylim(-0.12, 1.08)

    return drawn(paint, title=title, x="confidence", y="accuracy")


def scatter(xs: Sequence[float], ys: Sequence[float], *, title: str, x: str, y: str) -> Markup | str:
    """A dot per pair, and the line of equal x and y."""
    xs, ys = _finite(xs, ys)
    if not xs:
        return ""

    def paint(axes: Any) -> None:
        ends = [min(*xs, *ys), max(*xs, *ys)]
        axes.plot(ends, ends, color=INK, linewidth=0.8, linestyle=(0, (4, 3)), alpha=0.6)
        axes.plot(xs, ys, "o", color=COLOURS[0], markersize=3, alpha=0.5, markeredgewidth=0)

    return drawn(paint, title=title, x=x, y=y)


def drawn(paint: Callable[[Any], None], *, title: str, x: str = "", y: str = "") -> Markup:
    """What `paint` draws into its `Axes`, as an `<svg>`; other kinds of plots use this too."""
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(SETTINGS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")  # the page's font has it
        figure = Figure(figsize=SIZE)
        axes = figure.add_axes(AT)
        axes.grid(color=INK, alpha=0.13, linewidth=0.6)
        axes.set_axisbelow(True)
        paint(axes)
        figure.text(AT[0], AT[1] + AT[3] + 0.035, title, fontsize=10)
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        stream = io.StringIO()
        figure.patch.set_visible(False)
        axes.patch.set_visible(False)
        FigureCanvasSVG(figure).print_svg(stream, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return _inline(stream.getvalue(), title)


def _inline(text: str, title: str) -> Markup:
    """Only the `<svg>`, without a fixed size, with ids that are unique on a page."""
    text = visible(text[text.index("<svg") :], keep="\n\t")
    for pattern, replacement in _REPLACEMENTS:
        text = pattern.sub(replacement, text)
    box = re.search(r'viewBox="[^"]*"', text)
    assert box is not None
    label = Markup.escape(title)
    body = text[text.index(">") + 1 :].strip()
    own = "p" + hashlib.sha256((title + body).encode()).hexdigest()[:8]
    body = re.sub(r'(\bid="|#)(?=[mp][0-9a-f]{10}\b)', rf"\1{own}", body)
    names = 'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns="http://www.w3.org/2000/svg"'
    return Markup(f'<svg {names} {box[0]} role="img" aria-label="{label}" stroke-linejoin="round">\n{body}\n')


def _finite(xs: Sequence[float], ys: Sequence[float]) -> tuple[list[float], list[float]]:
    """The pairs in which both are finite numbers."""
    kept = [(a, b) for a, b in zip(xs, ys, strict=True) if _number(a) and _number(b)]
    return [a for a, _ in kept], [b for _, b in kept]


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
