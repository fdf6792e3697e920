"""What every game is, and its exact solution.

A game has states s, in each a tuple of legal actions (empty when the game is over), a deterministic move
s' = f(s, a), and a reward r(s, a) for the player who makes the move. The value of a move, for that player:

    Q(s, a) = r(s, a) + gamma V(s')        one player
    Q(s, a) = r(s, a) - gamma V(s')        two players in turn: V(s') is the opponent's
    V(s)    = max_a Q(s, a), 0 when the game is over
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

SHOWN = 40  # characters of a refused value that stand in the message


class Game(ABC):
    """A game whose states and actions are ints or tuples of ints: cheap to compare, to store and to send.

    players: 1 or 2.  calls: how often `step` was called.
    """

    players = 2

    def __init__(self) -> None:
        self.calls = 0
        self._values: dict[float, dict] = {}  # of solved states, by gamma
        self._moves: dict[tuple, tuple] = {}  # (type of state, state, action) -> what `step` returned

    @property
    @abstractmethod
    def first(self):
        """The state in which the game starts."""

    @abstractmethod
    def actions(self, state) -> tuple[int, ...]:
        """Return the legal actions in `state`, () when the game is over; ValueError if it is no state."""

    @abstractmethod
    def after(self, state, action):
        """Return (state', reward) of a legal action; nothing is checked or counted."""

    def start(self) -> tuple:
        """Return (state, 0.0, actions) before the first move."""
        return self.first, 0.0, self.actions(self.first)

    def step(self, state, action) -> tuple:
        """Return (state', reward, actions'): the reward is of the player who moves, actions' are legal in state'.

        ValueError: `state` is no state of this game, or the action is not legal there.
        """
        self.calls += 1
        try:
            if type(action) is int:
                return self._moves[type(state), state, action]  # a search plays the same moves over and over
        except (KeyError, TypeError):  # new, or not even a state
            pass
        legal = self.actions(state)
        if not isinstance(action, (int, np.integer)) or isinstance(action, bool) or action not in legal:
            raise ValueError(f"{type(self).__name__}.step: {_refusal(state, action, legal)}")
        after, reward = self.after(state, int(action))
        self._moves[type(state), state, int(action)] = move = after, reward, self.actions(after)
        return move

    def no_state(self, state, wanted: str) -> ValueError:
        """Return the error for something that is no state of this game."""
        return ValueError(f"{type(self).__name__}.step: got the state {shown(state)}, expected {wanted}")


def _refusal(state, action, legal) -> str:
    if not legal:
        return f"got the action {shown(action)} in state {shown(state)}, but the game is over there: no move is left"
    return f"got the action {shown(action)}, expected one of {legal}, the legal ones in state {shown(state)}"


def shown(value) -> str:
    """Return a value as one short line, whatever it is."""
    kind = type(value)
    if kind not in (int, float, bool, str, tuple, list, type(None)) and not isinstance(value, np.generic):
        return f"of type {kind.__name__}"
    if kind in (str, tuple, list) and len(value) > SHOWN:
        return f"of type {kind.__name__}, length {len(value)}"
    text = " ".join(repr(value).split())
    return text if len(text) <= SHOWN else text[:SHOWN] + "..."


def optimal_values(game: Game, state, actions, gamma: float = 1.0) -> dict:
    """Return {action: Q(state, action)}, exact, when everybody plays as well as can be from the next move on.

    actions: legal ones in `state`.  gamma: discount of one move.  Nothing is added to `game.calls`; what was
    solved once is remembered by the game.
    """
    legal = game.actions(state)
    for action in actions:
        if action not in legal:
            raise ValueError(f"optimal_values: {_refusal(state, action, legal)}")
    sign = -1.0 if game.players == 2 else 1.0
    values = game._values.setdefault(float(gamma), {})
    result = {}
    for action in actions:
        after, reward = game.after(state, action)
        result[action] = reward + sign * gamma * _value(game, after, gamma, sign, values)
    return result


def _value(game: Game, state, gamma: float, sign: float, values: dict) -> float:
    """Fill `values` with V of `state` and of all that can follow; without recursion, for long games too."""
    waiting = [state]
    while waiting:
        at = waiting[-1]
        moves = [game.after(at, action) for action in game.actions(at)]
        unknown = [after for after, _ in moves if after not in values]
        if unknown and at not in values:
            waiting.extend(unknown)
            continue
        values[at] = max((reward + sign * gamma * values[after] for after, reward in moves), default=0.0)
        waiting.pop()
    return values[state]
