"""Starts a server, fills it, and takes the pictures: `make screenshots`.

The same times, names and sizes every run; how letters are drawn depends on the machine's fonts.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from scripts.screenshots.addon import ADDON_HOST
from scripts.screenshots.data import fill
from scripts.screenshots.digest import IMAGES, store_digest
from scripts.screenshots.server import DAY, Served, running_server
from tests.browser.conftest import ARGUMENTS, find_chromium

HOST = "chat.example.com"
NOW = "09:33"
WIDE, PHONE = (1000, 720), (375, 667)
MOST_BYTES = 60_000

TO_WEBP = """async ([png, quality]) => {
    const picture = new Image();
    picture.src = `data:image/png;base64,${png}`;
    await picture.decode();
    const canvas = new OffscreenCanvas(picture.width, picture.height);
    canvas.getContext("2d").drawImage(picture, 0, 0);
    const blob = await canvas.convertToBlob({type: "image/webp", quality});
    const bytes = new Uint8Array(await blob.arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}"""
"""Half the size of a PNG, with nothing lost that the eye would see."""
QUALITIES = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7)


def main() -> int:
    """Take all pictures, and note what they were taken of."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("the pictures need a browser: apt install chromium")
    with (
        tempfile.TemporaryDirectory(prefix="hipkit-screenshots-") as folder,
        running_server(Path(folder)) as served,
        sync_playwright() as playwright,
    ):
        # The port is free, and so differs from run to run; what is shown does not.
        port = urlsplit(served.address).port
        rule = f"--host-resolver-rules=MAP {HOST} 127.0.0.1:{port}"
        browser = playwright.chromium.launch(
            executable_path=chromium,
            args=[*ARGUMENTS, "--disable-lcd-text", rule],
        )
        room = fill(served)
        served.clock.set(NOW)
        take_all(browser, served, f"/rooms/{room}")
        browser.close()
    store_digest()
    return 0


def take_all(browser: Browser, served: Served, room: str) -> None:
    """Take every picture, as the administrator."""
    context = browser.new_context(
        base_url=f"http://{HOST}",
        locale="en-GB",
        timezone_id="UTC",
        reduced_motion="reduce",
    )
    context.clock.set_fixed_time(datetime.fromisoformat(f"{DAY}T{NOW}:00Z"))
    page, empty = context.new_page(), context.new_page()
    page.goto(served.link)
    words = "correct horse battery staple"
    page.get_by_label("New password", exact=True).fill(words)
    page.get_by_label("Repeat the new password").fill(words)
    page.get_by_role("button", name="Set password").click()
    page.wait_for_url(lambda url: "set-password" not in url)

    def take(
        name: str,
        address: str,
        *,
        size: tuple[int, int] = WIDE,
        is_dark: bool = False,
    ) -> None:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.emulate_media(color_scheme="dark" if is_dark else "light")
        page.goto(address)
        save(page, empty, name)

    take("room", room)
    take("room-dark", room, is_dark=True)
    take("phone", room, size=PHONE)
    take("room-settings", f"{room}/settings")
    take("calls", "/calls")
    take("webhooks", "/webhooks")
    take("tokens", "/tokens")
    offer = f"/addons/install?url=https://{ADDON_HOST}/&room=Releases"
    take("addon", offer, size=(WIDE[0], 860))
    context.close()


def save(page: Page, empty: Page, name: str) -> None:
    """Save a picture, as WebP."""
    png = base64.b64encode(page.screenshot()).decode()
    # The page's own policy allows no such thing, an empty page does.
    for quality in QUALITIES:
        content = base64.b64decode(empty.evaluate(TO_WEBP, [png, quality]))
        if len(content) <= MOST_BYTES:
            break
    else:
        raise SystemExit(f"{name}: {len(content):,} bytes are too many")
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / f"{name}.webp").write_bytes(content)
    print(f"{name}.webp: {len(content):,} bytes")


if __name__ == "__main__":
    sys.exit(main())
