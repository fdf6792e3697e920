"""Generic mutants of a reference solution: one small change each, inside a solution region.

They ask the hidden tests a question that nobody had in mind when writing them: is every term, sign, index and
transpose of the solution really tested? A mutant's name shows its change, so that a survivor can be listed in
`misconceptions.toml` with the reason why it is no mistake.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator

from autograder.grading.variants import Variant, reference_files
from autograder.homework import Homework
from autograder.release.regions import find_regions

SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
COMPARED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}


def mutants(homework: Homework, exercise: str = "") -> Iterator[Variant]:
    """Yield every mutant of every file of a homework, or those of one exercise."""
    reference = reference_files(homework)
    seen: set[str] = set()
    for file in homework.files:
        text = (homework.solutions / file).read_text(encoding="utf-8")
        tree = ast.parse(text)
        for region in find_regions(text, file):
            for function, before, after, source in _changes(tree, region.first, region.last):
                name = f"{file} {function}: {before} -> {after}"
                while name in seen:
                    name += " (again)"
                seen.add(name)
                if exercise in ("", region.id):
                    yield Variant(name, reference | {file: source}, (region.id,))


def _changes(tree: ast.Module, first: int, last: int) -> Iterator[tuple[str, str, str, str]]:
    """Yield (function, the text before, the text after, the whole mutated source) for one region's lines."""
    for function in [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]:
        if not function.lineno <= first <= function.end_lineno:
            continue
        for index, node in enumerate(ast.walk(function)):
            if not first <= getattr(node, "lineno", 0) <= last:
                continue
            for replacement in _replacements(node):
                changed = copy.deepcopy(function)
                target = list(ast.walk(changed))[index]
                _Put(target, replacement).visit(changed)
                before, after = (
                    ast.unparse(node),
                    ast.unparse(ast.fix_missing_locations(copy.deepcopy(replacement))),
                )
                module = copy.deepcopy(tree)
                _PutFunction(function, changed).visit(module)
                yield function.name, before, after, ast.unparse(ast.fix_missing_locations(module))


class _Put(ast.NodeTransformer):
    """Put one node in the place of another."""

    def __init__(self, target: ast.AST, replacement: ast.AST):
        self.target, self.replacement = target, replacement

    def visit(self, node):
        return self.replacement if node is self.target else self.generic_visit(node)


class _PutFunction(ast.NodeTransformer):
    def __init__(self, function: ast.FunctionDef, changed: ast.FunctionDef):
        self.function, self.changed = function, changed

    def visit_FunctionDef(self, node):
        if (node.name, node.lineno) == (self.function.name, self.function.lineno):
            return self.changed
        return self.generic_visit(node)


def _replacements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of one node."""
    match node:
        case ast.BinOp(left, ast.MatMult(), right):
            yield ast.BinOp(right, ast.MatMult(), left)
        case ast.BinOp(left, operator, right) if type(operator) in SWAPPED:
            yield ast.BinOp(left, SWAPPED[type(operator)](), right)
            if isinstance(operator, (ast.Add, ast.Sub)) and not _is_index(node):
                yield left
                yield right
        case ast.UnaryOp(ast.USub(), operand):
            yield operand
        case ast.Attribute(value, "T"):
            yield value
        case ast.Constant(value) if type(value) is int:
            yield ast.Constant(value + 1)
            yield ast.Constant(value - 1)
        case ast.Constant(value) if type(value) is float:
            yield ast.Constant(2 * value if value else 1.0)
        case ast.Compare(left, [operator], comparators) if type(operator) in COMPARED:
            yield ast.Compare(left, [COMPARED[type(operator)]()], comparators)
        case ast.Slice(lower, upper, None) if (lower is None) != (upper is None):
            yield ast.Slice(upper, lower, None)
        case ast.Call(ast.Name("reversed"), [argument], []):
            yield argument
        case ast.Call(ast.Name("range"), [stop], []):
            yield ast.Call(ast.Name("range"), [ast.Constant(1), stop], [])
            yield ast.Call(ast.Name("range"), [ast.BinOp(stop, ast.Sub(), ast.Constant(1))], [])
        case ast.Call(function, [one, two, *rest], keywords):
            yield ast.Call(function, [two, one, *rest], keywords)
        case ast.Subscript(value, ast.Name(index), ast.Load()):
            yield ast.Subscript(value, ast.BinOp(ast.Name(index), ast.Sub(), ast.Constant(1)), ast.Load())


def _is_index(node: ast.BinOp) -> bool:
    """Tell whether a sum is an index such as `t + 1`: its number is changed by another mutant already."""
    return isinstance(node.left, ast.Name) and isinstance(node.right, ast.Constant)
