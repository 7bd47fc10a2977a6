"""A definition from nothing, in a browser and without JSON: by mouse, and once more by keyboard alone.

“Safety audit” has twelve fields of ten types, a child table, a condition, a formula and role access. It is published, a
head enters a record, one field is renamed, another converted, all is taken back, and every value is found again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.portal.demo_site import log_in, prepare, serving, site

HERE = "/designer/safety_audit"
USUAL, PATIENT = 5_000, 60_000
FIELDS = (
    ("Number", "text", {"required": True}),
    ("Day", "date", {"required": True}),
    ("Department", "reference", {"target": "department", "required": True}),
    ("Area", "choice", {"choices": ("hall", "yard", "office")}),
    ("Carried out by", "person", {}),
    ("Points looked at", "integer", {}),
    ("Points passed", "integer", {}),
    ("Rate", "formula", {"formula": "round(100 * points_passed / points_looked_at, 1)", "places": "1"}),
    ("Hours", "decimal", {"places": "2"}),
    ("Work stopped", "boolean", {}),
    ("Reason", "long_text", {}),
    ("Findings", "rows", {"lines": (("What", "text"), ("Mended by", "date"))}),
)


@pytest.fixture
def address(databases, tmp_path) -> Iterator[str]:
    expect.set_options(timeout=PATIENT)  # some hundred pages on a busy machine: one slow answer is no failure
    with databases.copy("sqlite", "demo site", prepare) as url, serving(site(url, tmp_path)) as address:
        yield address
    expect.set_options(timeout=USUAL)


class Mouse:
    """Somebody who points and clicks."""

    def __init__(self, page: Page) -> None:
        self.page = page
        page.set_default_timeout(PATIENT)

    def press(self, where: Locator) -> None:
        where.click()

    def write(self, where: Locator, text: str) -> None:
        where.fill(text)

    def choose(self, where: Locator, value: str) -> None:
        where.select_option(value)

    def mark(self, where: Locator) -> None:
        where.check()


class Keys(Mouse):
    """Somebody without a mouse: reaches everything by Tab, and acts by the keys that the element knows."""

    def reach(self, where: Locator) -> None:
        """By the skip link past the menu, then Tab there or back: what Tab can't reach, this person can't use."""
        expect(where).to_be_visible()
        if self.page.evaluate("document.activeElement === document.body"):
            self.page.keyboard.press("Tab")  # after an address with a place in it, this begins at the place
            if self.page.evaluate("document.activeElement.matches('.skip-link')"):
                self.page.keyboard.press("Enter")
        self.tab(where.evaluate(STOPS_BETWEEN))
        for _ in range(20):  # inputs of dates, and what scrolls, are stops of their own
            if where.evaluate("one => one === document.activeElement"):
                return
            self.tab(1 if where.evaluate(IS_AHEAD) else -1)
        raise AssertionError(f"Tab does not reach {where}")

    def tab(self, steps: int) -> None:
        for _ in range(abs(steps)):
            self.page.keyboard.press("Tab" if steps > 0 else "Shift+Tab")

    def press(self, where: Locator) -> None:
        self.reach(where)
        self.page.keyboard.press("Enter")

    def write(self, where: Locator, text: str) -> None:
        self.reach(where)
        if where.get_attribute("type") == "date":
            year, month, day = text.split("-")
            self.page.keyboard.type(f"{day}{month}{year}")
        else:
            self.page.keyboard.press("Control+a")
            self.page.keyboard.type(text)
        expect(where).to_have_value(text)

    def choose(self, where: Locator, value: str) -> None:
        self.reach(where)
        steps = where.evaluate(
            "(one, value) => [...one.options].findIndex(o => o.value === value) - one.selectedIndex", value
        )
        for _ in range(abs(steps)):
            self.page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")
        expect(where).to_have_value(value)

    def mark(self, where: Locator) -> None:
        if where.get_attribute("type") == "radio":
            self.page.wait_for_load_state()
            group = self.page.locator(f"[name='{where.get_attribute('name')}']:checked")
            self.reach(group)
            while not where.is_checked():
                self.page.keyboard.press("ArrowDown")
        elif not where.is_checked():
            self.reach(where)
            self.page.keyboard.press("Space")
        expect(where).to_be_checked()


STOPS_BETWEEN = """one => {
  const stops = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")].filter(e =>
    !e.disabled && e.tabIndex >= 0 && e.checkVisibility() && e.type !== "hidden"
    && (e.type !== "radio" || e.checked || !document.querySelector(`[name="${e.name}"]:checked`)));
  const now = document.activeElement, at = stops.indexOf(now);
  const from = at < 0 ? stops.findIndex(e => now.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING) - 1 : at;
  return stops.indexOf(one) - from;
}"""
IS_AHEAD = """one => {
  const now = document.activeElement;
  return !now || now === document.body || !!(now.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
}"""


def begin(who: Mouse, address: str) -> None:
    page = who.page
    page.goto(f"{address}/designer/")
    who.press(page.get_by_role("link", name="New definition"))
    page.wait_for_url("**/new-definition")
    who.write(page.locator("#field-title"), "Safety audit")
    expect(page.locator("#field-name")).to_have_value("safety_audit")
    who.write(page.locator("#field-title_zh"), "安全检查")
    who.write(page.locator("#field-plural"), "Safety audits")
    who.press(page.get_by_role("button", name="Make the draft"))
    page.wait_for_url(f"**{HERE}*")


def add_field(who: Mouse, title: str, kind: str, more: dict) -> None:
    page = who.page
    who.press(page.get_by_role("link", name="Add a field", exact=True))
    page.wait_for_url("**/field*")
    who.write(page.locator("#field-title"), title)
    who.choose(page.locator("#field-type"), kind)
    for name in ("formula", "places"):
        if name in more:
            who.write(page.locator(f"#field-{name}"), more[name])
    if "target" in more:
        who.choose(page.locator("#field-target"), more["target"])
    for line, value in enumerate(more.get("choices", ()), 1):
        who.write(page.get_by_label(f"Value of choice {line}"), value)
    for line, (words, inner) in enumerate(more.get("lines", ()), 1):
        who.write(page.get_by_label(f"Title of row field {line}", exact=True), words)
        who.choose(page.get_by_label(f"Type of row field {line}"), inner)
    if more.get("required"):
        who.mark(page.get_by_label("Must be filled", exact=True))
    save(who)


def save(who: Mouse) -> None:
    who.press(who.page.get_by_role("button", name="Save the draft"))
    who.page.wait_for_url(re.compile(HERE + r"(\?[^/]*)?(#.*)?$"))


def add_condition(who: Mouse) -> None:
    """The reason must be filled when work was stopped."""
    page = who.page
    who.press(page.get_by_role("link", name="Add a condition"))
    page.wait_for_url("**/condition*")
    who.choose(page.get_by_label("Field of line 1"), "work_stopped")
    who.write(page.get_by_label("Value of line 1"), "true")
    page.keyboard.press("Escape")
    who.mark(page.get_by_label("these fields are shown and must be filled, else they are not shown"))
    who.mark(page.get_by_label("Reason", exact=True))
    save(who)
    expect(page.locator("#conditions")).to_contain_text("“Reason”: shown only when “Work stopped” is Yes")


def grant(who: Mouse) -> None:
    page = who.page
    who.press(page.get_by_role("link", name="Access", exact=True))
    page.wait_for_url("**/access*")
    who.choose(page.get_by_label("Records of Department head"), "department")
    for action in ("List", "Show", "Add", "Edit"):
        who.mark(page.get_by_label(f"Department head: {action}", exact=True))
    save(who)


def publish(who: Mouse, why: str) -> None:
    page = who.page
    who.press(page.locator("[data-tour=publish]"))
    page.wait_for_url("**/preview*")
    who.write(page.locator("#field-comment"), why)
    who.press(page.locator("#publish").get_by_role("button", name="Publish"))
    expect(page.get_by_text("Published as version")).to_be_visible()


def enter_record(page: Page, address: str) -> None:
    """Derek, a head, enters one; the department is his."""
    page.set_default_timeout(PATIENT)
    log_in(page, address, "derek")
    page.goto(f"{address}/records/safety_audit/add")
    expect(page.locator("[data-field=reason]")).to_be_hidden()
    page.fill("[name=number]", "A-17")
    page.fill("[name=day]", "2026-11-20")
    page.evaluate(
        PICK, ["department", page.request.get(f"{address}/records/department/pick?q=Production").json()[0]["value"]]
    )
    page.select_option("[name=area]", "yard")
    page.fill("[name=points_looked_at]", "40")
    page.fill("[name=points_passed]", "37")
    page.fill("[name=hours]", "2.50")
    page.check("[name=work_stopped]")
    page.fill("[name=reason]", "A blocked exit")
    page.locator("[data-field=findings] [data-add]").click()
    row = page.locator("[data-field=findings] tr[data-row]:visible").first
    row.locator("[data-column=what] input").fill("Boxes before the exit")
    row.locator("[data-column=mended_by] input").fill("2026-11-21")
    page.locator("[data-tour=record-save]").click()
    assert page.locator(".invalid-feedback").all_inner_texts() == []
    expect(page.get_by_text("The record was added.")).to_be_visible()


PICK = """([name, value]) => {
  const picker = document.querySelector(`[name=${name}]`).tomselect;
  picker.addOption({value, text: "Production"});
  picker.setValue(value);
}"""
VALUES = {
    "number": "A-17", "day": "2026-11-20", "area": "yard", "points_looked_at": 40, "points_passed": 37,
    "work_stopped": True, "reason": "A blocked exit",
}  # fmt: skip


def record(page: Page, address: str) -> dict:
    [found] = page.request.get(f"{address}/api/v1/safety_audit/").json()["result"]
    return found


def build(who: Mouse, address: str) -> None:
    begin(who, address)
    for title, kind, more in FIELDS:
        add_field(who, title, kind, more)
    add_condition(who)
    grant(who)
    publish(who, "We look after each other")


def change_and_take_back(who: Mouse, address: str) -> None:
    """Rename one field, convert another, publish, and take the first version back."""
    page = who.page
    begun = page.request.get(f"{address}/api/v1/definitions/").json()["version"]
    page.goto(f"{address}{HERE}/field/number")
    who.write(page.locator("#field-name"), "audit_number")
    save(who)
    page.goto(f"{address}{HERE}/field/hours")
    who.choose(page.locator("#field-type"), "text")
    save(who)
    publish(who, "Numbers have a name of their own, hours may say “about”")
    now = record(page, address)
    assert now["audit_number"] == "A-17"
    assert now["hours"] == "2.50"
    page.goto(f"{address}{HERE}/history")
    who.press(page.get_by_role("link", name=f"Take it back: Version {begun}"))
    who.write(page.locator("#field-comment"), "The old names were better")
    who.press(page.get_by_role("button", name="Take it back"))
    expect(page.locator(".alert-success")).to_be_visible()
    back = record(page, address)
    assert {name: back[name] for name in VALUES} == VALUES
    assert back["hours"] in (2.5, "2.50", "2.5")
    assert float(back["rate"]) == 92.5
    assert [row["what"] for row in back["findings"]] == ["Boxes before the exit"]


def test_from_nothing_to_a_record_and_back_again(visit, address):
    page = visit().page()
    who = Mouse(page)
    log_in(page, address, "hana")
    build(who, address)
    enter_record(visit().page(), address)
    assert float(record(page, address)["rate"]) == 92.5
    emma = visit().page()
    log_in(emma, address, "emma")
    assert emma.goto(f"{address}/records/safety_audit/list/").status == 404
    change_and_take_back(who, address)


def test_the_same_by_keyboard_alone(visit, address):
    page = visit().page()
    who = Keys(page)
    log_in(page, address, "hana")
    build(who, address)
    page.goto(address + HERE)
    who.reach(page.locator("#grip-day"))
    page.keyboard.press("ArrowUp")
    expect(page.locator("#said")).to_have_text("“Day” is now in place 1 of 12.")
    who.press(page.locator("#undo"))
    expect(page.locator("#said")).to_contain_text("Undone")
    enter_record(visit().page(), address)
    change_and_take_back(who, address)
