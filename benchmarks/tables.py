"""The measurements as tables for the terminal."""

from __future__ import annotations

from rich.table import Table

from benchmarks.exercise import lqr


def peer_table(result: dict, class_size: int, rounds: int) -> Table:
    """Return the comparison for the terminal."""
    own = result["own_work"]
    title = (
        f"One LQR exercise, classes of 1 and {class_size}, {rounds} rounds: seconds a submission beyond the "
        f"checks' own {1000 * own['cpu']:.1f} ms CPU, {1000 * own['wall']:.1f} ms wall (min, median, max)"
    )
    table = Table(title=title, title_justify="left")
    table.add_column("system", no_wrap=True)
    for name in ["CPU seconds", "/ ours", "wall seconds", "/ ours", "start CPU", "start wall"]:
        table.add_column(name, justify="right", no_wrap=True)
    for name, summary in result["summary"].items():
        cpu, wall = summary["cpu"], summary["wall"]
        row = [three(cpu["submission"]), ratio(cpu), three(wall["submission"]), ratio(wall)]
        table.add_row(name, *row, *(f"{summary[what]['start'][1]:.2f}" for what in ("cpu", "wall")))
    for name, reason in result["missing"].items():
        table.add_row(name, f"not measured: {reason}")
    targets, machine = result["targets"], result["machine"]
    aim = f"target, CPU: ours <= {targets['ours_cpu']:g} s, each peer >= {targets['ratio']:g} times ours"
    table.caption = f"{aim}. CPU seconds by {machine['cpu_seconds_by']}; tier {machine['tier']}"
    return table


def three(values: list[float]) -> str:
    return f"{values[0]:.3f} [bold]{values[1]:.3f}[/] {values[2]:.3f}"


def ratio(summary: dict) -> str:
    return f"{summary['ratio']:.1f}" if "ratio" in summary else ""


def load_table(loads: list[dict], targets: dict) -> Table:
    """Return the classes of ours for the terminal; speed-up is against the quickest on one process."""
    title = f"A class of {loads[0]['submissions']} on the whole of {lqr().name}"
    table = Table(title=title, title_justify="left")
    for name in ["processes", "wall s", "CPU s", "submissions / s", "speed-up", "graders' peak MB"]:
        table.add_column(name, justify="right")
    alone = min(each["wall"] for each in loads if each["processes"] == 1)
    for each in loads:
        numbers = [f"{each['wall']:.1f}", f"{each['cpu']:.1f}", f"{each['submissions'] / each['wall']:.2f}"]
        table.add_row(str(each["processes"]), *numbers, f"{alone / each['wall']:.2f}", f"{each['rss'] / 2**20:.0f}")
    aim = f"target: <= {targets['class_wall']:g} s for 200 on 2 processes"
    table.caption = f"{aim}, < {targets['class_rss_mb']:g} MB without the workers"
    return table
