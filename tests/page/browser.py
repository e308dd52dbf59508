# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of the page share: dashboards, a server, a browser that
writes down what it asks for and what goes wrong."""
import contextlib
import functools
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

CHROMIUM = os.environ.get('ACT_TEST_CHROMIUM') or shutil.which('chromium')
try:
    import numpy
    from playwright.sync_api import sync_playwright
except ImportError as e:
    print('skipped:', e)
    sys.exit(77)
if CHROMIUM is None:
    print('skipped: there is no chromium')
    sys.exit(77)

DATA = pathlib.Path(os.environ['ACT_TEST_DATA'])
SAMPLE = pathlib.Path(os.environ['ACT_TEST_SAMPLE'])
LICENCES = pathlib.Path('/usr/share/common-licenses')
TIMEOUT = 120


def run(*arguments):
    done = subprocess.run(['gst-activations', *map(os.fspath, arguments)], text=True, capture_output=True,
                          timeout=TIMEOUT)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)


def sample_run(output):
    run('dashboard', '--quiet', '--model', SAMPLE, '--text', LICENCES, '--output', output)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder):
    """the folder on a port of its own; gives its address"""
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f'http://127.0.0.1:{server.server_port}/'
        finally:
            server.shutdown()
            thread.join()


def lines_of(output, name):
    return [json.loads(line) for line in (output / name).read_text('ascii').split('\n') if line]


class Case(unittest.TestCase):
    """Subclasses make a dashboard in `make`; each test gets a fresh page of
    it. No test passes if the console had an error, or if the page asked for
    anything that is not below its folder."""

    @classmethod
    def make(cls, output):
        sample_run(output)

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.output = pathlib.Path(scratch.name) / 'dash board'
        cls.make(cls.output)
        playwright = sync_playwright().start()
        cls.addClassCleanup(playwright.stop)
        cls.browser = playwright.chromium.launch(executable_path=CHROMIUM, args=['--no-sandbox'])
        cls.addClassCleanup(cls.browser.close)
        cls.lines = lines_of(cls.output, 'clusters.jsonl')
        cls.facts = lines_of(cls.output, 'cluster_facts.jsonl')
        with numpy.load(cls.output / 'samples.npz') as z:
            cls.samples = dict(z)

    def setUp(self):
        self.wrong, self.asked = [], []
        self.base = (self.output / 'index.html').as_uri()
        self.context = self.browser.new_context(viewport={'width': 1400, 'height': 900}, accept_downloads=True)
        self.addCleanup(self.context.close)
        self.page = self.context.new_page()
        self.page.set_default_timeout(30000)
        self.page.on('console', lambda m: self.wrong.append(m.text) if m.type in ('error', 'warning') else None)
        self.page.on('pageerror', lambda e: self.wrong.append(str(e)))
        self.page.on('request', lambda r: self.asked.append(r.url))

    def tearDown(self):
        self.assertEqual(self.wrong, [])
        folder = self.base.rpartition('/')[0] + '/'
        outside = [url for url in self.asked if not url.startswith((folder, 'data:', 'blob:', 'about:'))]
        self.assertEqual(outside, [])

    def open(self, route=''):
        """the route in a page that knows nothing yet"""
        self.page.goto('about:blank')
        self.page.goto(self.base + route)
        self.page.wait_for_selector('html[data-ready]')

    def shown(self, name):
        self.page.wait_for_selector(f'main[data-page="{name}"]:not(.waits)')

    def text(self, selector):
        return self.page.text_content(selector)

    def texts(self, selector):
        return self.page.eval_on_selector_all(selector, 'list => list.map (e => e.textContent)')


def cluster_route(name):
    from urllib.parse import quote
    return '#/cluster/' + quote(name, safe="!'()*-._~")


def main():
    unittest.main(verbosity=2)
