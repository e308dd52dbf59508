#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes the pictures of the dashboard's page that the docs show.

    .venv/bin/python docs/make-screenshots.py DASHBOARD FOLDER

DASHBOARD is the sample model's over /usr/share/common-licenses. Needs Chromium
(Debian's chromium) and Playwright (PyPI); pictures are made smaller where
Pillow (python3-pil) is there.
"""
import itertools
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

# each in both colour schemes
SHOTS = [
    ("page-overview", "", (1400, 900)),
    ("page-table", "#/clusters?q=size%3E2+freq%3C5%25&sort=-size", (1400, 760)),
    ("page-cluster", "#/cluster/run-0-2", (1400, 900)),
    ("page-by-component", "#/cluster/run-0-8?pick=0%2C1", (1400, 900)),
]
SCHEMES = {"light": "", "dark": "-dark"}


def smaller(path):
    """128 colours are enough for what is mostly text"""
    try:
        from PIL import Image
    except ImportError:
        return
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def shoot(browser, address, scheme, size, path):
    context = browser.new_context(color_scheme=scheme, viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    if "#" not in address:
        page.wait_for_selector(".map[data-placed]")
    if "#/clusters" in address:
        page.wait_for_selector(".example")
    page.screenshot(path=path)
    context.close()


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    page_of, folder = (Path(sys.argv[1]) / "index.html").resolve().as_uri(), Path(sys.argv[2])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for (name, route, size), (scheme, suffix) in itertools.product(SHOTS, SCHEMES.items()):
            path = folder / f"{name}{suffix}.png"
            shoot(browser, page_of + route, scheme, size, path)
            smaller(path)
        browser.close()


if __name__ == "__main__":
    main()
