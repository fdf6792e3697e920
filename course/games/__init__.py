"""Small exact games for tree search, each with the same three lines of interface.

    game = TicTacToe()
    state, reward, actions = game.start()
    state, reward, actions = game.step(state, actions[0])       # until actions is empty: the game is over

The reward goes to whoever made the move. With `game.players == 2` the two move by turns, and what one wins the
other loses; with 1 there is nobody else.
"""

from course.games.game import Game, optimal_values
from course.games.nim import Nim
from course.games.random_tree import RandomTree
from course.games.tictactoe import TicTacToe

__all__ = ["Game", "Nim", "RandomTree", "TicTacToe", "optimal_values"]
