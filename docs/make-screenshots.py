#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes the pictures of the dashboard's page that the docs show.

    .venv/bin/python docs/make-screenshots.py DASHBOARD FOLDER

DASHBOARD is the sample model's over /usr/share/common-licenses. Needs Chromium
(Debian's chromium) and Playwright (PyPI); pictures are made smaller where
Pillow (python3-pil) is there.
"""
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

SHOTS = [
    ("page-overview", "", "light", (1400, 900)),
    ("page-table", "#/clusters?q=size%3E2+freq%3C5%25&sort=-size", "light", (1400, 760)),
    ("page-cluster", "#/cluster/run-0-2", "light", (1400, 900)),
    ("page-cluster-dark", "#/cluster/run-0-8?pick=0%2C1", "dark", (1400, 900)),
]


def smaller(path):
    """128 colours are enough for what is mostly text"""
    try:
        from PIL import Image
    except ImportError:
        return
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    few.save(path, optimize=True)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    page_of, folder = (Path(sys.argv[1]) / "index.html").resolve().as_uri(), Path(sys.argv[2])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, route, scheme, (width, height) in SHOTS:
            context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": height})
            page = context.new_page()
            page.goto(page_of + route)
            page.wait_for_selector("html[data-ready]")
            if route == "":
                page.wait_for_selector(".map[data-placed]")
            page.screenshot(path=folder / f"{name}.png")
            context.close()
            smaller(folder / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
