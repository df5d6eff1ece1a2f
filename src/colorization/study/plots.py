"""Plots of a study: all variants' curves and the error that they remove, as forest plots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from colorization.pages import pictures
from colorization.study.estimates import Estimate

PANELS_ACROSS = 4
MOST_LEGEND_COLUMNS = 5
LONGEST_PANEL_TITLE = 20  # characters in a line
ROW_SPREAD = 0.56  # of a row's height, over which the series of a forest plot are distributed
FOREST_STYLES: tuple[dict[str, Any], ...] = (  # of the kinds of a forest plot's rows
    {"color": "C0", "marker": "o"},
    {"color": "C1", "marker": "s"},
    {"color": "0.45", "marker": "D", "markerfacecolor": "white"},
)
BASELINE_STYLE: dict[str, Any] = {
    "color": "black",
    "marker": "|",
    "markersize": 11,
    "markeredgewidth": 2,
}


@dataclass(frozen=True)
class Interval:
    """A row of a forest plot: a value with its confidence interval.

    Attributes
    ----------
    label : str
    value : float
    low, high : float
        Equal to the value if it has no interval.
    kind : str
        Rows of one kind look alike, and the legend names it. Empty for a trivial baseline.
    """

    label: str
    value: float
    low: float
    high: float
    kind: str = ""

    @classmethod
    def of(cls, label: str, estimate: Estimate, kind: str = "") -> "Interval":
        """The row of an estimate."""
        value = estimate.value
        low, high = (value if end is None else end for end in (estimate.low, estimate.high))
        return cls(label, value, low, high, kind)


def variant_curves(
    histories: dict[str, list[pd.DataFrame]], trivial: dict[str, float], out: Path
) -> None:
    """Plot each variant's curves in its own panel, with all its seeds, on the same scale.

    Parameters
    ----------
    histories : dict of str to list of DataFrame
        By variant: a history for each seed, as `pictures.curves` takes them.
    trivial : dict of str to float
        As in `pictures.curves`.
    out : Path
        A PNG.
    """
    across = min(PANELS_ACROSS, len(histories))
    down = -(-len(histories) // across)
    figure = pictures.new_figure(2.8 * across, 2.4 * down + 0.4)
    panels = figure.subplots(down, across, sharey=True, squeeze=False).ravel()
    for axes, (name, seeds) in zip(panels, histories.items(), strict=False):
        for history in seeds:
            pictures.draw_history(axes, history)
        pictures.finish_curves(axes, trivial, pictures.in_lines(name, LONGEST_PANEL_TITLE))
    for axes in panels[len(histories) :]:
        axes.set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    figure.legend(once.values(), once.keys(), loc="outside lower center", ncols=4)
    for axes in panels:
        axes.label_outer()
    pictures.save_figure(figure, out)


def compared_curves(
    histories: dict[str, list[pd.DataFrame]], trivial: dict[str, float], out: Path
) -> None:
    """Plot the MSE of several variants in the same axes: training left, validation right.

    Parameters
    ----------
    histories : dict of str to list of DataFrame
        By variant: a history for each seed, as `pictures.curves` takes them. Their means are drawn.
    trivial : dict of str to float
        As in `pictures.curves`.
    out : Path
        A PNG.
    """
    figure = pictures.new_figure(11, 5)
    for axes, (column, title) in zip(
        figure.subplots(1, 2, sharey=True), pictures.CURVES.items(), strict=True
    ):
        for index, (name, seeds) in enumerate(histories.items()):
            marker = pictures.MARKERS[index % len(pictures.MARKERS)]
            history = pd.concat(seeds).groupby("epoch", as_index=False).mean()
            axes.plot(history["epoch"], history[column], f"{marker}-", markersize=4, label=name)
        pictures.finish_curves(axes, trivial, title)
    _add_legend(figure, *axes.get_legend_handles_labels())
    pictures.save_figure(figure, out)


def _add_legend(figure: Figure, handles: Sequence[Artist], labels: Sequence[str]) -> None:
    """Add a legend below, in as many columns as fit into the figure's width."""
    for columns in range(MOST_LEGEND_COLUMNS, 0, -1):
        legend = figure.legend(handles, labels, loc="outside lower center", ncols=columns)
        if columns == 1 or legend.get_window_extent().width <= figure.bbox.width:
            return
        legend.remove()


def forest(rows: Sequence[Interval], kinds: Sequence[str], out: Path) -> None:
    """Plot the error that colorizers remove, with intervals: a row each, from the top.

    The line at 0 is the constant color, and the side of those that are worse is shaded.

    Parameters
    ----------
    rows : sequence of Interval
        In percent.
    kinds : sequence of str
        All kinds that a row may be of, in the order of their styles.
    out : Path
        A PNG.
    """
    labels = [row.label.replace(" (", "\n(", 1) for row in rows]
    lines = sum(label.count("\n") + 1 for label in labels)
    figure = pictures.new_figure(5, 0.09 * len(rows) + 0.16 * lines + 1.2)
    axes = figure.subplots()
    present = {row.kind for row in rows}
    styles = {
        kind: style for kind, style in zip(kinds, FOREST_STYLES, strict=False) if kind in present
    }
    for y, row in enumerate(rows):
        _draw_interval(axes, y, row, styles[row.kind] if row.kind else BASELINE_STYLE)
    low, high = axes.get_xlim()
    low, high = min(low, -0.03 * (high - low)), max(high, 0.03 * (high - low))
    worse = axes.axvspan(low, 0, color="0.94", zorder=0, label="worse than the constant color")
    axes.axvline(0, color="black", linewidth=1)
    axes.set(xlabel="error removed, %", xlim=(low, high), ylim=(len(rows) - 0.5, -0.7))
    _name_rows(axes, labels, fontsize=9)
    handles = [Line2D([], [], label=kind, **style) for kind, style in styles.items()]
    figure.legend(
        handles=[*handles, worse], loc="outside lower center", ncols=2, fontsize=9, frameon=False
    )
    pictures.save_figure(figure, out)


def _name_rows(axes: Axes, labels: Sequence[str], fontsize: float | None = None) -> None:
    axes.set_yticks(range(len(labels)), labels, fontsize=fontsize)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["left", "right", "top"]].set_visible(False)


def _draw_interval(axes: Axes, y: float, row: Interval, style: dict[str, Any]) -> None:
    axes.plot([row.low, row.high], [y, y], color=style["color"], linewidth=1.8)
    axes.plot([row.value], [y], linestyle="none", **{"markersize": 6.5} | style)


def forest_of_embeddings(
    rows: Sequence[tuple[Interval, Interval | None]], kinds: Sequence[str], out: Path
) -> None:
    """Plot the error removed, and beside it the gap, by embedding: a row each, from the top.

    The lines are the constant color, at 0, and no gap, at 1.

    Parameters
    ----------
    rows : sequence of (Interval, Interval or None)
        Error removed, percent, and test over training error, None if undefined.
    kinds : sequence of str
        As in `forest`.
    out : Path
        A PNG.
    """
    labels = [removed.label.replace(" (", "\n(", 1) for removed, _ in rows]
    panels: dict[str, tuple[int, list[Interval | None]]] = {
        "error removed, %": (0, [removed for removed, _ in rows]),
        "gap, test over training error": (1, [gap for _, gap in rows]),
    }
    styles = dict(zip(kinds, FOREST_STYLES, strict=False))
    figure = pictures.new_figure(9, 0.41 * len(rows) + 1.1)
    both = figure.subplots(1, 2, sharey=True)
    for axes, (title, (reference, intervals)) in zip(both, panels.items(), strict=True):
        for y, row in enumerate(intervals):
            if row:
                _draw_interval(axes, y, row, styles[row.kind])
        axes.axvline(reference, color="black", linewidth=1)
        axes.set(xlabel=title, ylim=(len(rows) - 0.5, -0.5))
        _name_rows(axes, labels, fontsize=9)
    present = {removed.kind for removed, _ in rows}
    figure.legend(
        handles=[
            Line2D([], [], label=kind, **style) for kind, style in styles.items() if kind in present
        ],
        loc="outside lower center",
        ncols=3,
        fontsize=9,
        frameon=False,
    )
    pictures.save_figure(figure, out)


def forest_by_label(
    subsets: Sequence[str],
    series: Mapping[str, Sequence[Interval | None]],
    trivial: str,
    out: Path,
) -> None:
    """Plot the error removed on subsets of the photographs, a row each, from the top.

    Parameters
    ----------
    subsets : sequence of str
    series : dict of str to sequence of (Interval or None)
        By name of the colorizer: that of each subset, percent; None if undefined.
    trivial : str
        Of these, the trivial baseline, drawn in gray.
    out : Path
        A PNG.
    """
    figure = pictures.new_figure(7, 0.3 * len(subsets) + 1.2)
    axes = figure.subplots()
    axes.axvline(0, color="black", linewidth=1)
    step = ROW_SPREAD / max(len(series) - 1, 1)
    for index, (name, intervals) in enumerate(series.items()):
        color = "0.5" if name == trivial else f"C{index}"
        drawn = {y: row for y, row in enumerate(intervals) if row}
        ys = [y + index * step - ROW_SPREAD / 2 for y in drawn]
        ends = ([row.low for row in drawn.values()], [row.high for row in drawn.values()])
        axes.hlines(ys, *ends, color=color, linewidth=1.4)
        axes.plot(
            [row.value for row in drawn.values()],
            ys,
            pictures.MARKERS[index % len(pictures.MARKERS)],
            color=color,
            markersize=4.5,
            label=name,
        )
    for row in range(1, len(subsets)):
        axes.axhline(row - 0.5, color="0.9", linewidth=0.6)
    axes.set(xlabel="error removed, %", ylim=(len(subsets) - 0.5, -0.5))
    _name_rows(axes, subsets)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    pictures.save_figure(figure, out)
