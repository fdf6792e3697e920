"""The contract of every game, and the known values of three of them."""

import subprocess
import sys

import numpy as np
import pytest

from course.games import Nim, RandomTree, TicTacToe, optimal_values

GAMES = {
    "Nim": lambda: Nim(15),
    "Nim with 1 stone": lambda: Nim(1),
    "Nim by at most 5": lambda: Nim(14, most=5),
    "tic-tac-toe": TicTacToe,
    "random tree": lambda: RandomTree(np.random.default_rng(0)),
    "a wide flat tree": lambda: RandomTree(np.random.default_rng(1), branching=7, depth=1, best=2.0, rest=0.0),
}
GARBAGE = [None, "", "0", -1, 99, 10**40, 0.5, np.nan, True, (), (0,), [0], {}, b"1", 1j, np.zeros(2), object(), "x" * 10**6, (1, 2) * 10**5]  # fmt: skip


@pytest.fixture(params=GAMES)
def make(request):
    return GAMES[request.param]


def states(game):
    """Return {state: legal actions} of everything that can be reached."""
    state, _, actions = game.start()
    found, waiting = {state: actions}, [state]
    while waiting:
        state = waiting.pop()
        for action in found[state]:
            after, _, actions = game.step(state, action)
            if after not in found:
                found[after] = actions
                waiting.append(after)
    return found


def random_play(game, rng):
    """Return what `start` and every `step` of a random game gave."""
    seen = [game.start()]
    while actions := seen[-1][2]:
        seen.append(game.step(seen[-1][0], actions[rng.integers(len(actions))]))
    return seen


def is_plain(value):
    return type(value) is int or (type(value) is tuple and all(type(item) is int for item in value))


def test_a_game_keeps_its_contract(make):
    game = make()
    assert game.players in (1, 2) and game.calls == 0
    state, reward, actions = game.start()
    assert reward == 0.0 and actions and game.calls == 0
    for state, actions in states(game).items():
        assert is_plain(state) and is_plain(actions) and type(actions) is tuple
        assert len(set(actions)) == len(actions) and game.actions(state) == actions
    assert game.calls > 0


def test_the_same_moves_give_the_same_game(make):
    first, second = make(), make()
    for seed in range(20):
        played = random_play(first, np.random.default_rng(seed))
        assert (
            played
            == random_play(second, np.random.default_rng(seed))
            == random_play(first, np.random.default_rng(seed))
        )
        assert all(type(reward) is float for _, reward, _ in played)


def test_every_game_ends_and_a_finished_one_refuses_moves(make):
    game, rng = make(), np.random.default_rng(2)
    for _ in range(20):
        state, _, actions = random_play(game, rng)[-1]
        assert actions == ()
        for action in (0, 1, 4):
            with pytest.raises(ValueError, match="the game is over"):
                game.step(state, action)


def test_steps_are_counted_and_nothing_else(make):
    game = make()
    played = random_play(game, np.random.default_rng(3))
    assert game.calls == len(played) - 1
    state, _, actions = game.start()
    optimal_values(game, state, actions)
    game.actions(state)
    assert game.calls == len(played) - 1


def test_the_reward_belongs_to_whoever_moved_and_comes_at_the_end(make):
    """With two players the winner made the last move: 1 if somebody won, 0 if nobody did."""
    game, rng = make(), np.random.default_rng(4)
    for _ in range(50):
        *before, last = [reward for _, reward, _ in random_play(game, rng)]
        assert not any(before) and last >= 0
        assert game.players == 1 or last in (0.0, 1.0)


@pytest.mark.parametrize("number", range(len(GARBAGE)))
def test_what_is_no_move_or_no_state_is_refused_in_one_line(make, number):
    game, garbage = make(), GARBAGE[number]
    state, _, actions = game.start()
    known = states(game)
    for at, action in ((state, garbage), (garbage, actions[0])):
        if is_plain(at) and is_plain(action) and action in known.get(at, ()):
            continue  # what is garbage in one game is a move in another
        with pytest.raises(ValueError) as refused:
            game.step(at, action)
        text = str(refused.value)
        assert text.startswith(f"{type(game).__name__}.step: got ")
        assert "expected" in text or "the game is over there" in text
        assert "\n" not in text and len(text) < 250
    game.step(state, np.int64(actions[-1]))  # as rng.choice(actions) gives it


def test_values_obey_the_equation_of_dynamic_programming(make):
    game = make()
    sign = -1 if game.players == 2 else 1
    for gamma in (1.0, 0.9):
        for state, actions in list(states(game).items())[:300]:
            values = optimal_values(game, state, actions, gamma)
            assert tuple(values) == actions
            for action, value in values.items():
                after, reward, legal = game.step(state, action)
                best = max(optimal_values(game, after, legal, gamma).values(), default=0.0)
                assert value == pytest.approx(reward + sign * gamma * best, abs=1e-12)


def test_values_refuse_an_illegal_action():
    with pytest.raises(ValueError, match="optimal_values: got the action 7, expected one of"):
        optimal_values(Nim(9), 2, (1, 7))


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_nim_is_won_by_the_remainder(most):
    game = Nim(40, most)
    for n in range(1, 41):
        values = optimal_values(game, n, game.actions(n))
        assert {a for a, value in values.items() if value == 1} == ({n % (most + 1)} - {0})
        assert set(values.values()) <= {-1.0, 1.0}


def test_a_long_game_of_nim_is_solved_too():
    game = Nim(5000)
    assert optimal_values(game, *game.start()[::2]) == {1: -1.0, 2: -1.0, 3: -1.0}


def test_tic_tac_toe_is_a_draw_and_has_its_known_numbers():
    game = TicTacToe()
    board, _, actions = game.start()
    assert optimal_values(game, board, actions) == dict.fromkeys(range(9), 0.0)
    found = states(game)
    assert len(found) == 5478  # reachable positions
    assert sum(not actions for actions in found.values()) == 958  # of them finished


def test_tic_tac_toe_sees_wins_threats_and_forks():
    game = TicTacToe()
    win = (1, 1, 0, 2, 2, 0, 0, 0, 0)  # cross moves: 2 wins, and all that leaves 5 to nought loses
    assert optimal_values(game, win, game.actions(win)) == {2: 1, 5: 0, 6: -1, 7: -1, 8: -1}
    corner = (1, 0, 0, 0, 0, 0, 0, 0, 0)  # nought must answer a corner in the centre
    values = optimal_values(game, corner, game.actions(corner))
    assert [action for action, value in values.items() if value == 0] == [4] and min(values.values()) == -1


def test_a_random_tree_has_one_treasure_and_its_path_leads_there():
    for seed in range(50):
        game = RandomTree(np.random.default_rng(seed))
        assert len(states(game)) == 121
        state, _, actions = game.start()
        for action in game.path:
            values = optimal_values(game, state, actions)
            assert values.pop(action) == 1.0 and max(values.values()) <= 0.5
            state, reward, actions = game.step(state, action)
        assert reward == 1.0 and actions == ()
    firsts = [RandomTree(np.random.default_rng(seed)).path[0] for seed in range(300)]
    assert min(np.bincount(firsts)) > 60  # the treasure is as likely under one action as under another


@pytest.mark.parametrize(
    "make_wrong",
    [
        lambda: Nim(0),
        lambda: Nim(3, most=0),
        lambda: RandomTree(np.random.default_rng(0), branching=1),
        lambda: RandomTree(np.random.default_rng(0), best=0.4),
    ],
)
def test_a_game_that_cannot_be_is_refused(make_wrong):
    with pytest.raises(ValueError, match="got .*expected"):
        make_wrong()


def test_games_need_no_heavy_library():
    """They are imported inside the sandbox and in quick tests: torch, mujoco and gymnasium would cost seconds."""
    code = "import course.games, sys; print([m for m in ('torch', 'mujoco', 'gymnasium') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
