"""House rules that a reader would otherwise have to remember, each with its reason.

Looks at the source files only, of the packages and of the tests; nothing is imported.
"""

import ast
import re
from pathlib import Path

import pytest

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


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_inside_functions(path: Path) -> list[int]:
    functions = (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    inner = (node for function in functions for node in ast.walk(function))
    return sorted({node.lineno for node in inner if isinstance(node, ast.Import | ast.ImportFrom)})


def sleeps(path: Path) -> list[int]:
    calls = (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))
    return [call.lineno for call in calls if ast.unparse(call.func) in {"time.sleep", "sleep"}]


def unused_functions(path: Path) -> list[str]:
    """Functions of a test file that are neither a test, a fixture nor named anywhere in the tests."""
    found = []
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith(("test_", "pytest_")):
            decorated = any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list)
            mentions = sum(len(re.findall(rf"\b{node.name}\b", text)) for text in TEST_TEXTS.values())
            if not decorated and mentions < 2:
                found.append(node.name)
    return found


TEST_TEXTS = {path: path.read_text(encoding="utf-8") for path in TESTS}


@pytest.mark.parametrize("path", MODULES + TESTS, ids=relative)
class TestEveryModule:
    def test_says_what_it_knows(self, path):
        text = path.read_text(encoding="utf-8")
        assert not text.strip() or ast.get_docstring(tree(path)), "A module starts with a docstring, or is empty."

    def test_can_be_seen_at_a_glance(self, path):
        limit = 700 if path in TESTS else 400
        assert len(path.read_text(encoding="utf-8").splitlines()) <= limit, "Split it: a long file hides its parts."

    def test_has_a_name_that_says_something(self, path):
        assert path.stem not in VAGUE, "A homeless function names its own module."

    def test_names_no_path_of_one_machine(self, path):
        if path != Path(__file__):
            assert not MACHINE_PATH.search(path.read_text(encoding="utf-8")), "It would fail on every other machine."


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_imports_stand_at_the_top(path):
    assert imports_inside_functions(path) == [], "An import inside a function hides a breach of the layers."


@pytest.mark.parametrize("path", TESTS, ids=relative)
class TestEveryTestFile:
    def test_waits_for_something_named(self, path):
        if relative(path) not in MAY_SLEEP:
            assert sleeps(path) == [], "Use tests.waiting.eventually: it says what it waits for."

    def test_has_no_test_that_never_runs(self, path):
        assert unused_functions(path) == [], "A function that nobody calls may be a test without its prefix."


@pytest.mark.parametrize("path", DECISIONS, ids=relative)
def test_a_decision_tells_context_choice_and_price(path):
    text = path.read_text(encoding="utf-8")
    missing = [
        word for word in ("Context", "Decision", "Consequences") if not re.search(rf"^#+ {word}", text, re.MULTILINE)
    ]
    assert missing == []
