"""Every action the log can name, read off the code: what `log.append` is given, and what passes an action on to it."""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
Function = ast.FunctionDef | ast.AsyncFunctionDef
_Known = dict[str, list[ast.expr]]


@dataclass(frozen=True)
class Site:
    """A place in the code where an action is given, and the actions it can be; none when that cannot be told."""

    where: str
    actions: frozenset[str]


@dataclass(frozen=True)
class _Module:
    path: Path
    tree: ast.Module

    def constants(self) -> _Known:
        """What each name at the top of the module is set to."""
        return _assigned(self.tree.body)

    def functions(self) -> Iterator[Function]:
        """Every function of the module."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))


def sites(paths: list[Path]) -> list[Site]:
    """Every place in `paths` where an action is given to the log, or to a function that passes its own on."""
    modules = [_Module(path, ast.parse(path.read_text())) for path in paths]
    shared = {name: exprs for module in modules for name, exprs in module.constants().items()}
    public = {name: at for module in modules for name, at in _passing(module).items() if not name.startswith("_")}
    found: list[Site] = []
    for module in modules:
        passing, constants = public | _passing(module), shared | module.constants()
        for function in module.functions():
            found += _in(module.path, function, constants, passing)
    return found


def _passing(module: _Module) -> dict[str, int]:
    """The functions of a module that pass an action on, and where they take it."""
    at = {function.name: _position(function) for function in module.functions() if _passes_on(function)}
    return {name: position for name, position in at.items() if position is not None}


def _in(path: Path, function: Function, constants: _Known, passing: Mapping[str, int]) -> Iterator[Site]:
    known = {**constants, **_assigned(ast.walk(function))}
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        given = _given(call, passing)
        if given is None or (isinstance(given, ast.Name) and given.id == "action" and _position(function) is not None):
            continue
        yield Site(f"{path.name}:{call.lineno}", frozenset(_values(given, known)))


def _given(call: ast.Call, passing: Mapping[str, int]) -> ast.expr | None:
    """The action in a call that gives one."""
    name = ast.unparse(call.func).rpartition(".")[2]
    named = next((each.value for each in call.keywords if each.arg == "action"), None)
    if name == "append" and named is not None:
        return named
    at = passing.get(name)
    if at is None:
        return None
    return named or (call.args[at] if len(call.args) > at else None)


def _values(given: ast.expr, known: _Known, depth: int = 5) -> Iterator[str]:
    """The actions an expression can be; what a condition asks is not among them."""
    if isinstance(given, ast.Constant):
        yield from filter(ACTION.fullmatch, [str(given.value)])
    parts: list[ast.expr] = []
    if isinstance(given, ast.IfExp):
        parts = [given.body, given.orelse]
    elif isinstance(given, ast.Subscript):
        parts = [given.value]
    elif isinstance(given, ast.Dict):
        parts = given.values
    elif isinstance(given, ast.Name | ast.Attribute) and depth:
        parts = known.get(ast.unparse(given).rpartition(".")[2], [])
    for part in parts:
        yield from _values(part, known, depth - 1)


def _position(function: Function) -> int | None:
    """Where a function takes its `action`, or nothing."""
    names = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
    return names.index("action") if "action" in names else None


def _passes_on(function: Function) -> bool:
    """Whether a function makes an entry, or the parts of one, with its own `action`."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and any(_same(each) for each in node.keywords):
            return ast.unparse(node.func).endswith("append")
        if isinstance(node, ast.Dict) and {"action", "subjects"} <= {getattr(key, "value", "") for key in node.keys}:
            return True
    return False


def _same(keyword: ast.keyword) -> bool:
    return keyword.arg == "action" and isinstance(keyword.value, ast.Name) and keyword.value.id == "action"


def _assigned(nodes: Iterator[ast.AST] | list[ast.stmt]) -> _Known:
    found: _Known = {}
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value] * len(names)
                for name, value in zip(names, values, strict=False):
                    found.setdefault(ast.unparse(name), []).append(value)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            found.setdefault(node.target.id, []).append(node.value)
    return found
