# SPDX-License-Identifier: LGPL-2.1-or-later
"""axe-core's rules (WCAG 2.1 A and AA, and best practices) over every page,
light and dark, on a wide and on a narrow screen: nothing is found."""
import importlib.resources
import sys
import unittest

import browser
from pages import ROUTES

try:
    AXE = (importlib.resources.files('axe_playwright_python') / 'axe.min.js').read_text('utf-8')
except ImportError as e:
    print('skipped:', e)
    sys.exit(77)

MORE = {'by component': ROUTES['cluster'] + '?pick=0%2C1', 'nothing found': '#/clusters?q=zzzz',
        'no such page': '#/nowhere', 'a text': '#/search?q=derivative%20works'}


class Access(browser.Case):
    def found(self):
        """what is wrong with the page as it is, in words"""
        self.page.evaluate(AXE)
        # it would read the styles again, which the page's policy does not allow
        violations = self.page.evaluate(
            'axe.run (document, { resultTypes: ["violations"], preload: false }).then (r => r.violations)')
        return [f'{v["id"]}: {node["html"][:120]} {node["failureSummary"]}' for v in violations for node in v['nodes']]

    def every_page(self, scheme, width):
        self.page.emulate_media(color_scheme=scheme)
        self.page.set_viewport_size({'width': width, 'height': 900})
        for name, route in {**ROUTES, **MORE}.items():
            self.open(route)
            self.page.wait_for_selector('main:not(.waits)')
            with self.subTest(name=name):
                self.assertEqual(self.found(), [])

    def test_light(self):
        self.every_page('light', 1400)

    def test_dark(self):
        self.every_page('dark', 1400)

    def test_narrow(self):
        self.every_page('light', 360)

    def test_what_opens(self):
        """the list of keys, and the box beside a token"""
        self.open(ROUTES['cluster'])
        self.page.focus('.tok.peak')
        self.assertTrue(self.page.is_visible('#tip'))
        self.assertEqual(self.found(), [])
        self.page.keyboard.press('?')
        self.assertTrue(self.page.is_visible('dialog'))
        self.assertEqual(self.found(), [])


if __name__ == '__main__':
    unittest.main(verbosity=2)
