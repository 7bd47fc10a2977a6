"""House rules that a reader would otherwise have to remember, each with its reason.

Looks at the source files only, of the packages and of the tests; nothing is imported.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("metadata", "workflows", "portal")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
VAGUE = {"utils", "util", "helpers", "helper", "manager", "common"}
MAY_SLEEP = {"tests/waiting.py"}
MACHINE_PATH = re.compile(r"(?<![\w.])/(work|tmp/plan|root|home)/\w|file:///")


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(source(path))))


@cache
def mentions() -> Counter[str]:
    """How often each name stands anywhere in the tests."""
    return Counter(name for path in TESTS for name in re.findall(r"\w+", source(path)))


def offenders(paths: Iterable[Path], found: Callable[[Path], object]) -> dict[str, object]:
    """What `found` says of each file for which it says something."""
    said = {relative(path): found(path) for path in paths}
    return {name: what for name, what in said.items() if what}


def imports_inside_functions(path: Path) -> list[int]:
    functions = (node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    inner = (node for function in functions for node in ast.walk(function))
    return sorted({node.lineno for node in inner if isinstance(node, ast.Import | ast.ImportFrom)})


def sleeps(path: Path) -> list[int]:
    calls = (node for node in nodes(path) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if ast.unparse(call.func) in {"time.sleep", "sleep"}]


def unused_functions(path: Path) -> list[str]:
    """Functions of a test file that are neither a test, a fixture nor named anywhere in the tests."""
    module = nodes(path)[0]
    assert isinstance(module, ast.Module)
    plain = [
        node
        for node in module.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith(("test_", "pytest_"))
    ]
    return [
        node.name
        for node in plain
        if mentions()[node.name] < 2 and not any("fixture" in ast.unparse(mark) for mark in node.decorator_list)
    ]


def has_no_docstring(path: Path) -> bool:
    module = nodes(path)[0]
    assert isinstance(module, ast.Module)
    return bool(source(path).strip()) and not ast.get_docstring(module)


def lines_too_many(path: Path) -> int:
    return max(0, len(source(path).splitlines()) - (700 if path in TESTS else 400))


def sections_missing(path: Path) -> list[str]:
    wanted = ("Context", "Decision", "Consequences")
    return [word for word in wanted if not re.search(rf"^#+ {word}", source(path), re.MULTILINE)]


def test_every_module_says_what_it_knows():
    assert offenders(MODULES + TESTS, has_no_docstring) == {}, "A module starts with a docstring, or is empty."


def test_every_module_can_be_seen_at_a_glance():
    assert offenders(MODULES + TESTS, lines_too_many) == {}, "Split it: a long file hides its parts."


def test_every_module_has_a_name_that_says_something():
    vague = offenders(MODULES + TESTS, lambda path: path.stem in VAGUE)
    assert vague == {}, "A homeless function names its own module."


def test_no_module_names_a_path_of_one_machine():
    here = [path for path in MODULES + TESTS if path != Path(__file__)]
    assert offenders(here, lambda path: MACHINE_PATH.findall(source(path))) == {}, "It fails on every other machine."


def test_imports_stand_at_the_top():
    found = offenders(MODULES, imports_inside_functions)
    assert found == {}, "An import inside a function hides a breach of the layers."


def test_every_test_waits_for_something_named():
    found = offenders((path for path in TESTS if relative(path) not in MAY_SLEEP), sleeps)
    assert found == {}, "Use tests.waiting.eventually: it says what it waits for."


def test_no_test_never_runs():
    assert offenders(TESTS, unused_functions) == {}, "A function that nobody calls may be a test without its prefix."


def test_a_decision_tells_context_choice_and_price():
    assert offenders(DECISIONS, sections_missing) == {}
