"""Every page of `pages.py`, in both themes and at all sizes: what everybody must be able to use."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, StorageState

from tests.browser.conftest import EMAIL, RULES, Served, enter
from tests.browser.filling import fill_everything
from tests.browser.pages import PAGES, SIGNED_OUT

SIZES = ((320, 256), (320, 640), (667, 375), (1280, 800), (1920, 1080))
"""A phone, also on its side, two screens, and the smaller of them enlarged to 400 %."""
DARK_SIZES = ((320, 640), (1920, 1080))

CONTROLS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"

REACH = """([root, controls]) => {
    const faults = [];
    for (const one of root.querySelectorAll(controls)) {
        if (!one.checkVisibility({visibilityProperty: true}) || one.matches(".skip")) continue;
        const target = one.closest("label") ?? one;
        const name = one.outerHTML.slice(0, 160);
        const isHit = (block) => {
            target.scrollIntoView({block, behavior: "instant"});
            const {x, y, width, height} = target.getClientRects()[0];
            const hit = document.elementFromPoint(x + width / 2, y + height / 2);
            // What leads to the newest messages disappears where it is done with.
            return hit && (target.contains(hit) || hit.contains(target) || hit.id === "newest");
        };
        if (!["center", "start", "end"].some(isHit)) faults.push(`not reached: ${name}`);
        const {width, height} = target.getClientRects()[0];
        const isInSentence = getComputedStyle(target).display === "inline"
            && target.parentElement.innerText.trim() !== target.innerText.trim();
        if (!isInSentence && (width < 24 || height < 24)) {
            faults.push(`${width.toFixed(1)} by ${height.toFixed(1)}: ${name}`);
        }
    }
    const beyond = document.documentElement.scrollWidth - innerWidth;
    if (beyond > 0) faults.push(`${beyond} pixels beyond the right edge`);
    return faults;
}"""
"""Every control comes into view by scrolling and measures 24 pixels, as WCAG 2.5.8 has it."""

TABBED = """() => {
    const one = document.activeElement;
    if (one === document.body) return "";
    if ("reached" in one.dataset) return null;
    one.dataset.reached = "";
    // What is drawn by its label is seen there.
    const drawn = getComputedStyle(one).opacity > 0 ? one : one.closest("label") ?? one;
    const {outlineStyle, outlineWidth, opacity} = getComputedStyle(drawn);
    const {top, bottom, left, right} = drawn.getBoundingClientRect();
    const isSeen = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2 && opacity > 0
        && bottom > 0 && right > 0 && top < innerHeight && left < innerWidth;
    return isSeen ? "" : `not seen: ${one.outerHTML.slice(0, 160)}`;
}"""
"""Nothing on the body, `null` when it has come round, or what is wrong with where it is."""

NOT_TABBED = """(controls) => [...document.querySelectorAll(controls)].filter((one) =>
    !("reached" in one.dataset) && one.checkVisibility({visibilityProperty: true})
    && one.tabIndex >= 0 && !one.disabled && !(one.type === "radio" && !one.checked)
).map((one) => `not reached: ${one.outerHTML.slice(0, 160)}`)"""

MOST_TABS = 500

UNFOLD = 'document.querySelectorAll("details").forEach((one) => { one.open = true; })'

ADDRESSES = [
    pytest.param(address, route not in SIGNED_OUT, id=address)
    for route, addresses in PAGES.items()
    for address in addresses
]


@pytest.fixture(scope="module")
def places(served: Served) -> dict[str, object]:
    """What stands at the places of addresses."""
    return fill_everything(served)


@pytest.fixture(scope="module")
def session(
    chromium: Browser, served: Served, places: dict[str, object]
) -> Iterator[StorageState]:
    """The cookies of one who has signed in."""
    with chromium.new_context(base_url=served.url) as context:
        enter(context.new_page(), EMAIL, served.password)
        yield context.storage_state()


@pytest.fixture
def visit(
    open_page: Callable[..., Page],
    session: StorageState,
    places: dict[str, object],
) -> Callable[[str, bool], Page]:
    """Opens an address, as one who has signed in or not."""

    def visit_one(address: str, is_signed_in: bool) -> Page:
        cookies = {"storage_state": session} if is_signed_in else {}
        page = open_page(reduced_motion="reduce", **cookies)
        page.goto(address.format(**places))
        return page

    return visit_one


@pytest.mark.parametrize(("address", "is_signed_in"), ADDRESSES)
def test_axe_finds_nothing(
    visit: Callable[[str, bool], Page], axe: str, address: str, is_signed_in: bool
) -> None:
    page = visit(address, is_signed_in)
    page.evaluate(axe)

    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        # Only contrast depends on the colours: the dark ones at the smallest and the largest.
        for scheme in (
            ("light", "dark") if (width, height) in DARK_SIZES else ("light",)
        ):
            page.emulate_media(color_scheme=scheme)
            found += [
                f"{width}x{height} {scheme}: {one}" for one in page.evaluate(RULES)
            ]
    page.evaluate(UNFOLD)
    found += [f"unfolded: {one}" for one in page.evaluate(RULES)]

    assert "\n".join(found) == ""


def reach(page: Page, root: str) -> list[str]:
    """Return what is wrong with the controls of a part of the page."""
    faults: list[str] = page.evaluate(
        f"([root, controls]) => ({REACH})([document.querySelector(root), controls])",
        [root, CONTROLS],
    )
    return faults


@pytest.mark.parametrize(("address", "is_signed_in"), ADDRESSES)
def test_every_control_can_be_reached_and_hit(
    visit: Callable[[str, bool], Page], address: str, is_signed_in: bool
) -> None:
    page = visit(address, is_signed_in)

    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        faults = reach(page, "body")
        for opener in page.locator("[popovertarget]:visible").all():
            opener.click()
            faults += reach(page, ":popover-open")
            page.keyboard.press("Escape")
        found += [f"{width}x{height}: {fault}" for fault in faults]

    assert "\n".join(found) == ""


@pytest.mark.parametrize(("address", "is_signed_in"), ADDRESSES)
def test_tab_reaches_every_control_and_shows_where_it_is(
    visit: Callable[[str, bool], Page], address: str, is_signed_in: bool
) -> None:
    page = visit(address, is_signed_in)
    page.evaluate(UNFOLD)

    found = []
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        fault = page.evaluate(TABBED)
        if fault is None:
            break
        found += [fault] if fault else []
    found += page.evaluate(NOT_TABBED, CONTROLS)

    assert "\n".join(found) == ""


@pytest.mark.parametrize(("size", "least"), [((667, 375), 180), ((320, 256), 80)])
@pytest.mark.parametrize(
    "address", [*PAGES["/rooms/{room_id}"], PAGES["/chats/{user_id}"][0]]
)
def test_messages_have_their_share_of_a_small_window(
    visit: Callable[[str, bool], Page], address: str, size: tuple[int, int], least: int
) -> None:
    page = visit(address, True)
    page.set_viewport_size({"width": size[0], "height": size[1]})

    box = page.locator("#log").bounding_box()

    assert box is not None
    assert box["height"] >= least
    # The line to write in is in view, or at most a turn of the wheel away.
    assert page.evaluate("document.documentElement.scrollHeight") <= size[1] + 64
