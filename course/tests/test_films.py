"""Machines are drawn where their states say, inside the picture, and readable in print."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402, after the choice of a backend without a screen

from course import films, plotting, robots, shapes  # noqa: E402

PARKED = [(-7.0, 0.0, 0.0), (8.0, 0.3, np.pi)]
DRAWINGS = {
    "pendulum": (films.draw_pendulum, 2),
    "cart-pole": (films.draw_cartpole, 4),
    "cart-pole, short": (partial(films.draw_cartpole, length=0.6, track=1.0), 4),
    "acrobot": (films.draw_acrobot, 4),
    "car": (films.draw_car, 3),
    "car between parked ones": (partial(films.draw_car, steer=0.6, obstacles=PARKED, goal=(0, 0, 0)), 3),
    "reacher": (films.draw_reacher, 4),
    "reacher, full state": (films.draw_reacher, 9),
    "half-cheetah": (films.draw_half_cheetah, 9),
    "half-cheetah, full state": (films.draw_half_cheetah, 19),
}


@pytest.fixture(params=DRAWINGS)
def drawing(request):
    return DRAWINGS[request.param]


@pytest.fixture
def axes():
    with plotting.style():
        figure, axes = plt.subplots()
        yield axes
        plt.close(figure)


def outside(axes):
    """Return what sticks out of the axes by more than two pixels, of all that was drawn in them."""
    axes.figure.canvas.draw()
    box = axes.get_window_extent()
    ends = [artist.get_window_extent().extents for artist in (*axes.patches, *axes.lines)]
    return [(*end,) for end in ends if min(end[:2] - box.min) < -2 or max(end[2:] - box.max) > 2]


def texts(figure):
    return [text for text in figure.findobj(matplotlib.text.Text) if text.get_visible() and text.get_text()]


def test_everything_is_drawn_and_inside(drawing, axes):
    draw, n = drawing
    rng = np.random.default_rng(0)
    for scale in (0, 1, 5):
        axes.clear()
        draw(axes, scale * rng.normal(size=n))
        assert len(axes.patches) >= 2
        assert outside(axes) == []
        assert axes.get_aspect() == 1.0  # nothing is stretched


@pytest.mark.parametrize("bad", ["nan", "inf", "short", "matrix", "text", None])
def test_what_is_no_state_is_refused_in_one_line(drawing, axes, bad):
    draw, n = drawing
    state = np.zeros(n)
    wrong = {"short": state[:1], "matrix": np.zeros((2, n)), "text": "text", None: None}.get(bad)
    if bad in ("nan", "inf"):
        wrong = state.copy()
        wrong[1] = float(bad)
    with pytest.raises(ValueError, match=r"^draw_\w+: got .*expected") as refused:
        draw(axes, wrong)
    assert len(str(refused.value)) < 250
    assert not axes.patches and not axes.lines  # refused before anything was drawn


def test_a_car_refuses_what_surrounds_it_too(axes):
    for name, wrong in {
        "steer": np.nan,
        "obstacles": [(0, np.nan, 0)],
        "goal": (1, 2),
        "trail": np.zeros((4, 2)),
    }.items():
        with pytest.raises(ValueError, match=r"^draw_car: (steer|obstacle|goal|trail): got"):
            films.draw_car(axes, np.zeros(3), **{name: wrong})


def tip_of(axes, x, y):
    """Return the furthest point of the rod that starts at (x, y)."""
    rod = max(
        (patch.get_path().vertices for patch in axes.patches), key=lambda v: np.linalg.norm(v - (x, y), axis=1).max()
    )
    return rod[np.argmax(np.linalg.norm(rod - (x, y), axis=1))] - (x, y)


def test_angles_turn_the_way_of_the_dynamics(axes):
    """The pendulum leans to the left for small positive angles, the pole of the cart to the right."""
    films.draw_pendulum(axes, [0.3, 0.0])
    assert tip_of(axes, 0, 0) == pytest.approx(1.09 * np.array([-np.sin(0.3), np.cos(0.3)]), abs=0.02)
    axes.clear()
    films.draw_cartpole(axes, [0.5, 0.0, 0.3, 0.0])
    assert tip_of(axes, 0.5, 0) == pytest.approx(1.06 * np.array([np.sin(0.3), np.cos(0.3)]), abs=0.02)
    axes.clear()
    films.draw_acrobot(axes, [0.3, 0.4, 0.0, 0.0])  # seen with z up: counter-clockwise moves the hanging end to +x
    way = np.array([np.sin(0.3) + np.sin(0.7), -np.cos(0.3) - np.cos(0.7)])
    assert np.linalg.norm(tip_of(axes, 0, 0) - way) < 0.1


def test_a_car_stands_on_its_rear_axle(axes):
    corners = films.car_outline(np.array([3.0, 1.0, np.pi / 2]), 2.0)
    assert np.ptp(corners, axis=0) == pytest.approx([1.4, 3.0]) and corners[:, 1].min() == pytest.approx(0.5)
    wheels = [shapes.turned([1.0, 0.0], angle) for angle in (0.0, np.pi / 2)]
    assert wheels[1] == pytest.approx([0.0, 1.0])


def test_a_strip_shows_first_and_last_and_tells_the_times():
    states = np.stack([np.linspace(0, 9, 101), np.zeros(101)], axis=1)
    with plotting.style():
        figure = films.film_strip(films.draw_pendulum, states, 0.05 * np.arange(101), frames=6, columns=4)
        shown = [axes.get_title() for axes in figure.axes if axes.get_title()]
        assert shown == ["$t$ = 0.0 s", "1.0 s", "2.0 s", "3.0 s", "4.0 s", "5.0 s"]
        assert all(not outside(axes) for axes in figure.axes if axes.get_title())
        assert len(films.film_strip(films.draw_pendulum, states[:3], range(3)).axes) == 3
        plt.close("all")
    with pytest.raises(ValueError, match="film_strip: got 101 states and 2 times"):
        films.film_strip(films.draw_pendulum, states, [0, 1])


def test_a_strip_of_a_way_keeps_one_view():
    way = np.stack([np.linspace(0, 12, 30), np.sin(np.linspace(0, 3, 30)), 0.3 * np.ones(30)], axis=1)
    figure = films.film_strip(partial(films.draw_car, trail=way), way, np.arange(30.0))
    assert len({(axes.get_xlim(), axes.get_ylim()) for axes in figure.axes}) == 1
    plt.close(figure)


def test_no_text_is_too_small_to_read(drawing):
    draw, n = drawing
    with plotting.style():
        figure = films.film_strip(draw, np.zeros((8, n)), np.arange(8.0))
        assert min(text.get_fontsize() for text in texts(figure)) >= 8
        plt.close(figure)


def test_robots_stand_as_in_the_simulator(tmp_path, monkeypatch):
    """Against MuJoCo's own kinematics, at random joint positions."""
    mujoco = pytest.importorskip("mujoco")
    gymnasium = pytest.importorskip("gymnasium")
    monkeypatch.chdir(tmp_path)  # where MuJoCo writes down that HalfCheetah's XML is old
    assets = Path(gymnasium.__file__).parent / "envs/mujoco/assets"
    rng = np.random.default_rng(0)
    model = mujoco.MjModel.from_xml_path(str(assets / "half_cheetah.xml"))
    names = ["torso", "bthigh", "bshin", "bfoot", "fthigh", "fshin", "ffoot", "head"]
    for q in rng.normal(size=(20, 9)):
        data = mujoco.MjData(model)
        data.qpos[:] = q
        mujoco.mj_kinematics(model, data)
        for rod, name in zip(robots.half_cheetah_rods(q), names, strict=True):
            geom = data.geom(name)
            half = model.geom(name).size[1] * geom.xmat.reshape(3, 3)[[0, 2], 2]
            ends = np.array([geom.xpos[[0, 2]] - half, geom.xpos[[0, 2]] + half])
            assert min(np.abs(rod - ends).max(), np.abs(rod - ends[::-1]).max()) < 1e-9
    model = mujoco.MjModel.from_xml_path(str(assets / "reacher.xml"))
    assert model.body("body1").pos[0] == robots.ARM[0] and model.body("fingertip").pos[0] == robots.ARM[1]


def test_pictures_need_no_heavy_library():
    """They are drawn wherever a notebook runs: torch, mujoco and gymnasium would cost seconds."""
    code = "import course.plotting, course.films, sys; print([m for m in ('torch', 'mujoco', 'gymnasium') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
