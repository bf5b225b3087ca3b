"""Draws the curves of a training: losses, rate and AP over its steps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.files.atomic import replacing
from harness.pipeline.train.metrics_file import MetricsLine
from harness.printable import printable

CURVES = "curves.png"

SIZE_INCHES = (9.0, 9.0)
DPI = 100
LONGEST_TITLE_CHARS = 90
#: A line of single steps hides where the loss goes: its mean over this share of the
#: training is drawn over it.
SMOOTHED_SHARE = 1 / 50


def draw_curves(lines: Sequence[MetricsLine], path: Path, *, title: str) -> None:
    """Write a PNG of three panels, whole or not at all.

    Args:
        lines: of the training, steps ascending.
        path: of the picture.
        title: names the training.

    Raises:
        ImportError: there is no matplotlib.
        OSError: the place takes no such file.
    """
    figure = curves_figure(lines, title=title)
    with replacing(path) as beside:
        # Without matplotlib's version in it: the same lines are the same picture.
        figure.savefig(beside, format="png", metadata={"Software": None})


def curves_figure(lines: Sequence[MetricsLine], *, title: str) -> Any:
    """Return the figure of :func:`draw_curves`.

    Raises:
        ImportError: there is no matplotlib.
    """
    # Not pyplot: it has a state of its own, and looks for a screen.
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, layout="constrained")
    losses, rate, score = figure.subplots(3, 1, sharex=True, height_ratios=(3, 1, 2))
    shown = printable(title, longest_chars=LONGEST_TITLE_CHARS)
    figure.suptitle(shown.replace("$", r"\$"))  # between two of them stands a formula
    _draw_losses(losses, lines)
    _draw_rate(rate, lines)
    _draw_score(score, lines)
    score.set_xlabel("steps done")
    return figure


def _draw_losses(panel: Any, lines: Sequence[MetricsLine]) -> None:
    for place, part in enumerate(dict.fromkeys(p for one in lines for p in one.losses)):
        told = [one for one in lines if part in one.losses]
        steps, values = [one.step for one in told], [one.losses[part] for one in told]
        colour = f"C{place}"
        panel.plot(steps, values, color=colour, linewidth=0.8, alpha=0.3)
        panel.plot(steps, _smoothed(values), color=colour, linewidth=1.6, label=part)
    if any(loss > 0 for one in lines for loss in one.losses.values()):
        panel.set_yscale("log")  # parts differ by hundreds
        panel.legend(
            loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4, frameon=False
        )
    panel.set_ylabel("loss by part")
    panel.grid(visible=True, which="major", alpha=0.3)


def _draw_rate(panel: Any, lines: Sequence[MetricsLine]) -> None:
    panel.plot([one.step for one in lines], [one.rate for one in lines], color="black")
    panel.set_ylabel("learning rate")
    panel.set_ylim(bottom=0)
    panel.grid(visible=True, alpha=0.3)


def _draw_score(panel: Any, lines: Sequence[MetricsLine]) -> None:
    told = [(one.step, one.score_pct) for one in lines if one.score_pct is not None]
    panel.set_ylabel("AP (%)")
    panel.grid(visible=True, alpha=0.3)
    if not told:
        panel.text(
            0.5,
            0.5,
            "not evaluated so far",
            ha="center",
            va="center",
            transform=panel.transAxes,
        )
        panel.set_yticks([])
        return
    steps, scores = zip(*told, strict=True)
    panel.plot(steps, scores, color="C2", marker="o", markersize=4)
    panel.annotate(
        f"{scores[-1]:.1f}",
        (steps[-1], scores[-1]),
        textcoords="offset points",
        xytext=(0, 7),
        ha="center",
    )
    panel.margins(y=0.2)
    panel.set_ylim(bottom=0)


def _smoothed(values: Sequence[float]) -> list[float]:
    """Return the mean of each value and those before it, as far as is smoothed."""
    width = max(1, int(len(values) * SMOOTHED_SHARE))
    means = []
    total = 0.0
    for place, value in enumerate(values):
        total += value
        if place >= width:
            total -= values[place - width]
        means.append(total / min(place + 1, width))
    return means
