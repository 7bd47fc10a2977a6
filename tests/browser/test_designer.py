"""The designer in a browser: Hana adds a required choice, Derek sees it on another process; reach, size, keyboard."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Page, Route, expect

from tests.chromium import axe_violations
from tests.faults.test_publish_under_load import free_ports
from tests.portal.demo_site import log_in, prepare, serving, site
from tests.processes import product_environment, running_product

HERE = "/designer/production_output"
PAGES = (
    "/designer/",
    "/designer/new-definition",
    HERE,
    f"{HERE}/form",
    f"{HERE}/condition/0",
    f"{HERE}/access",
    f"{HERE}/raw",
    "/designer/import-file",
    f"{HERE}/field",
    f"{HERE}/field/line",
    f"{HERE}/texts",
    f"{HERE}/preview",
)


@pytest.fixture
def address(databases, tmp_path) -> Iterator[str]:
    with databases.copy("sqlite", "demo site", prepare) as url, serving(site(url, tmp_path)) as address:
        yield address


@pytest.fixture
def two_processes(database_kind, databases, tmp_path) -> Iterator[list[str]]:
    """The addresses of two web processes on one database."""
    with databases.copy(database_kind, "demo site", prepare) as url, ExitStack() as stack:
        environment = product_environment(tmp_path, DATABASE_URL=url)
        addresses = []
        for port in free_ports(2):
            addresses.append(f"http://127.0.0.1:{port}")
            bound = {**environment, "PLUMBLINE_BIND": f"127.0.0.1:{port}"}
            ready = f"{addresses[-1]}/healthz"
            stack.enter_context(running_product("web", "--workers", "1", environment=bound, ready=ready))
        yield addresses


def add_quality(page: Page, address: str) -> None:
    """A required choice with a start value, in the draft."""
    page.goto(address + HERE)
    page.get_by_role("link", name="Add a field").click()
    page.fill("#field-title", "Quality")
    expect(page.locator("#field-name")).to_have_value("quality")
    page.fill("#field-title_zh", "质量")
    page.select_option("#field-type", "choice")
    for line, (value, en, zh) in enumerate((("good", "Good", "合格"), ("rework", "Rework", "返工")), 1):
        page.get_by_label(f"Value of choice {line}").fill(value)
        page.get_by_label(f"English label of choice {line}").fill(en)
        page.get_by_label(f"Chinese label of choice {line}").fill(zh)
    page.fill("#field-default", "good")
    page.get_by_role("checkbox", name="Must be filled").check()
    page.get_by_label("Show in the list").check()
    page.get_by_role("button", name="Save the draft").click()
    page.wait_for_url("**#field-quality")


def test_a_required_choice_reaches_another_process_at_the_next_click(visit, two_processes):
    ours, theirs = two_processes
    hana, derek = visit().page(), visit().page()
    log_in(hana, ours, "hana")
    log_in(derek, theirs, "derek")
    derek.goto(f"{theirs}/records/production_output/list/")
    expect(derek.get_by_role("columnheader", name="Quality")).to_have_count(0)
    add_quality(hana, ours)
    hana.locator("[data-tour=preview]").click()
    expect(hana.locator("main")).to_contain_text("Quality")
    hana.fill("#field-comment", "Rework has to be seen")
    hana.locator("#publish").get_by_role("button", name="Publish").click()
    expect(hana.get_by_text("Published as version")).to_be_visible()
    derek.reload()
    expect(derek.get_by_role("columnheader", name="Quality")).to_be_visible()
    record = derek.request.get(f"{theirs}/api/v1/production_output/?page_size=1").json()["result"][0]
    assert record["quality"] == "good"
    described = derek.request.get(f"{theirs}/api/v1/_openapi").text()
    assert '"rework"' in described
    derek.goto(f"{theirs}/records/production_output/add")
    quality = derek.locator("[name=quality]")
    expect(quality.locator("option", has_text="Rework")).to_have_count(1)
    expect(quality).to_have_attribute("aria-required", "true")
    emma = visit().page()
    log_in(emma, theirs, "emma")
    assert emma.goto(f"{theirs}/records/production_output/list/").status == 404
    assert emma.request.get(f"{theirs}/api/v1/production_output/").status == 404


def test_a_field_is_moved_by_keyboard(visit, address):
    page = visit().page()
    log_in(page, address, "hana")
    page.goto(address + HERE)
    page.get_by_role("button", name="Move Shift with the arrow keys").focus()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#said")).to_have_text("“Shift” is now in place 3 of 4 in “What”.")
    expect(page.locator("#grip-shift")).to_be_focused()
    names = page.locator(".desk-fields .desk-name > a").all_inner_texts()
    assert names.index("Shift") < names.index("Line")
    expect(page.frame_locator("#sight").locator("label").nth(2)).to_contain_text("Shift")
    page.keyboard.press("Control+z")
    expect(page.locator("#said")).to_have_text("Undone: “Shift” is now in place 3 of 4 in “What”.")


def test_a_field_is_dragged_into_another_section(visit, address):
    page = visit().page()
    log_in(page, address, "hana")
    page.goto(address + HERE)
    page.locator("#grip-line").drag_to(page.locator("#field-produced"), target_position={"x": 60, "y": 4})
    expect(page.locator("#said")).to_contain_text("in “How much”.")
    expect(page.locator("[data-section='1'] #field-line")).to_be_visible()
    page.reload()
    expect(page.locator("[data-section='1'] #field-line")).to_be_visible()


def test_the_form_beside_it_changes_its_reader_and_its_language(visit, address):
    page = visit().page()
    log_in(page, address, "hana")
    page.goto(address + HERE)
    form = page.frame_locator("#sight")
    expect(form.get_by_role("heading", name="Add: Production output")).to_be_visible()
    page.select_option("#sight-language", "zh")
    expect(form.get_by_text("生产线")).to_be_visible()
    page.select_option("#sight-role", "Employee")
    expect(form.locator("main")).to_contain_text("该角色看不到这些记录。")


def test_two_who_design_at_once_are_told(visit, address):
    one, other = visit().page(), visit().page()
    log_in(one, address, "hana")
    log_in(other, address, "hana")
    one.goto(address + HERE)
    other.goto(address + HERE)
    one.locator("#grip-shift").press("ArrowUp")
    expect(one.locator("#said")).not_to_be_empty()
    other.locator("#grip-note").press("ArrowUp")
    expect(other.locator("#desk [role=alert]")).to_contain_text("hana saved this draft in the meantime")


def test_a_title_typed_before_the_script_is_there_still_makes_the_name(visit, address):
    page = visit().page()
    log_in(page, address, "hana")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/js/designer.js*", hold)
    with page.expect_request("**/js/designer.js*"):
        page.goto(f"{address}{HERE}/field", wait_until="commit")
    page.fill("#field-title", "Équipe du jour")
    expect(page.locator("#field-name")).to_have_value("")
    held[0].continue_()
    expect(page.locator("#field-name")).to_have_value("equipe_du_jour")


def test_only_the_inputs_of_the_chosen_type_are_shown(visit, address):
    page = visit().page()
    log_in(page, address, "hana")
    page.goto(f"{address}{HERE}/field")
    expect(page.locator("#field-length")).to_be_visible()
    expect(page.locator("#field-choices")).to_be_hidden()
    page.select_option("#field-type", "choice")
    expect(page.locator("#field-choices")).to_be_visible()
    expect(page.locator("#field-length")).to_be_hidden()


def test_the_raw_editor_offers_the_words_that_fit_and_marks_problems_where_they_are(visit, address):
    page = visit().page()
    log_in(page, address, "hana")
    page.goto(f"{address}{HERE}/raw")
    page.locator(".cm-content").click()
    for key in ("Control+Home", "End", "Enter"):
        page.keyboard.press(key)
    page.keyboard.type('"x-ki')
    page.keyboard.press("Control+Space")
    expect(page.get_by_role("option", name="x-kind")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(
        '{"$id": "production_output", "title": "Output", "type": "object",\n "properties": {"day": {"type": "wish"}}}'
    )
    expect(page.locator(".cm-lintRange-error", has_text='"wish"')).to_be_visible()
    expect(page.locator("#raw-problems")).to_contain_text("/properties/day")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.locator("main")).to_contain_text("can be published when these problems are mended")


def test_without_script_everything_is_there(visit, address):
    page = visit(java_script_enabled=False).page()
    log_in(page, address, "hana")
    page.goto(address + HERE)
    page.get_by_role("button", name="Move Shift up").click()
    expect(page.locator(".desk-fields").first.locator(".desk-name > a").nth(2)).to_have_text("Shift")
    page.locator("#undo").click()
    expect(page.locator("main [role=status]").first).to_contain_text("Undone")
    page.goto(f"{address}{HERE}/raw")
    text = page.locator("#document")
    text.fill(text.input_value().replace('"Production output"', '"Pieces"', 1))
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_role("heading", name="Pieces", exact=True)).to_be_visible()


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
def test_pages_are_accessible_and_fit_the_screen(visit, address, width, language):
    page = visit(viewport={"width": width, "height": 800}, locale=language).page()
    log_in(page, address, "hana")
    page.goto(address + HERE)
    page.locator("#down-day").click()
    expect(page.locator("#said")).not_to_be_empty()
    for path in PAGES:
        page.goto(address + path)
        assert axe_violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
