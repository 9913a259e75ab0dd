"""Ratios over commits, in one environment alone."""

from __future__ import annotations

from page import compared, curves, spelling, svg
from page.history import History, results
from page.markup import Markup, join
from page.record import Record
from page.sections import Section, grid, panel, paragraph
from page.speed import FLOOR


def _over_commits(record: Record, past: History, operation: str) -> Markup | None:
    drawn = []
    for contender in record.contenders:
        if not contender.ours:
            continue
        batch = record.usual_batch(operation)
        found = results(past, operation, contender.id, batch=batch)
        points = []
        for number, position, result in found:
            run = past.runs[number]
            attributes = {
                "data_run": number,
                "data_result": position,
                "data_field": "ratio",
                "data_value": repr(result["ratio"]),
            }
            marks = [word for word in ("dirty", "noisy") if run.get(word)] + ["quick"] * (
                run["mode"] == "quick"
            )
            title = f"{run['commit']}, {run['utc']}: {spelling.ratio(result['ratio'])} {' '.join(marks)}"
            points.append(
                curves.Point(number, result["ratio"], attributes, title.strip(), hollow=bool(marks))
            )
        if points:
            drawn.append(
                curves.Curve(contender.engine, points, "chosen" if contender.id == record.engine else "ours")
            )
    if not drawn:
        return None
    left, right = curves.x_pixels()
    last = max(len(past.runs) - 1, 1)

    def place(number: float) -> float:
        return left + 6 + number / last * (right - left - 12)

    named = {0: past.runs[0], len(past.runs) - 1: past.runs[-1]}
    x = curves.Scale(place, [(place(number), str(run["commit"])[:7]) for number, run in named.items()])
    ratios = [point.y for curve in drawn for point in curve.points]
    y = curves.linear([*ratios, 1.0], *curves.y_pixels())
    return curves.curves(
        f"history-{operation}",
        drawn,
        x,
        y,
        title=f"Ratio over commits: {compared.operation_name(operation)}",
        description="; ".join(
            f"{curve.name}: from {spelling.ratio(curve.points[0].y)} to {spelling.ratio(curve.points[-1].y)}"
            for curve in drawn
        ),
        across="runs, by commit",
        upwards=f"{FLOOR}, RSA 2048",
        spell=spelling.ratio,
        more=[svg.line(left, y.place(1.0), right, y.place(1.0), "floor-rule")],
    )


def history(record: Record, past: History) -> Section:
    """Show the ratios over commits, in this environment alone."""
    plots = {
        operation: _over_commits(record, past, operation)
        for operation in ("verify_batch", "sign_batch", "verify_signatures", "verify", "sign")
    }
    panels = [
        panel(compared.operation_name(operation).capitalize(), plot)
        for operation, plot in plots.items()
        if plot
    ]
    runs, others = spelling.plural(len(past.runs), "run"), spelling.plural(past.others, "run")
    if past.runs:
        lead = (
            f"{runs} with the same CPU, flags, cores, Python, OpenSSL, engine and kernel as this one, oldest first. "
            "The dashed line is the floor, 1. Hollow: quick, noisy, or with uncommitted changes."
        )
    else:
        lead = "No other run in this environment has been kept."
    if past.others:
        lead += f" {others} in other environments left out: they say nothing about the code."
    return Section("history", "Over commits", join(paragraph(lead, class_="note"), grid(*panels)))
