# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every page in Firefox, from a folder: it says what it says in Chromium, and
its pictures are painted. Firefox is told what to do in its own protocol
(Marionette), which needs no driver beside it."""
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest

import browser
from pages import ROUTES

FIREFOX = shutil.which('firefox-esr') or shutil.which('firefox')
if FIREFOX is None:
    print('skipped: there is no firefox')
    sys.exit(77)
ADDRESS = re.compile(r'Listening on port (\d+)')
WAIT = '''
const [selector, done] = arguments;
const look = () => (document.querySelector (selector) ? done (true) : requestAnimationFrame (look));
look ();'''


class Firefox:
    def __init__(self, profile):
        with open(f'{profile}/user.js', 'w', encoding='ascii') as file:
            file.write('user_pref("marionette.port", 0);\nuser_pref("browser.shell.checkDefaultBrowser", false);\n')
        self.process = subprocess.Popen([FIREFOX, '--headless', '--marionette', '--no-remote', '--profile', profile],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        port = next((match[1] for match in map(ADDRESS.search, self.process.stdout) if match), None)
        if port is None:
            raise RuntimeError('firefox ended before it listened')
        self.socket = socket.create_connection(('127.0.0.1', int(port)), timeout=60)
        self.stream, self.last = self.socket.makefile('rb'), 0
        self.receive()
        self.ask('WebDriver:NewSession')

    def close(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def receive(self):
        """a length in digits, a colon, and so much JSON"""
        digits = b''
        while not digits.endswith(b':'):
            byte = self.stream.read(1)
            if not byte:
                raise RuntimeError('firefox has gone')
            digits += byte
        return json.loads(self.stream.read(int(digits[:-1])))

    def ask(self, name, **arguments):
        self.last += 1
        text = json.dumps([0, self.last, name, arguments])
        self.socket.sendall(f'{len(text)}:{text}'.encode('ascii'))
        _, number, error, result = self.receive()
        if number != self.last or error:
            raise RuntimeError(f'{name}: {error}')
        return result

    def open(self, url, *selectors):
        self.ask('WebDriver:Navigate', url='about:blank')
        self.ask('WebDriver:Navigate', url=url)
        for selector in selectors:
            self.ask('WebDriver:ExecuteAsyncScript', script=WAIT, args=[selector])

    def evaluate(self, expression):
        return self.ask('WebDriver:ExecuteScript', script=f'return {expression};', args=[])['value']


class InFirefox(browser.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        profile = tempfile.TemporaryDirectory()
        cls.addClassCleanup(profile.cleanup)
        cls.firefox = Firefox(profile.name)
        cls.addClassCleanup(cls.firefox.close)

    def test_pages(self):
        for name, route in ROUTES.items():
            ready = ['html[data-ready]', f'main[data-page="{name}"]:not(.waits)']
            ready += {'overview': ['.map[data-placed]'], 'clusters': ['.example']}.get(name, [])
            self.open(route)
            for selector in ready:
                self.page.wait_for_selector(selector)
            self.firefox.open(self.base + route, *ready)
            said = [self.text('main'), self.firefox.evaluate('document.querySelector ("main").textContent')]
            # a higher window has more rows of the table
            n = min(map(len, said)) if name == 'clusters' else None
            self.assertGreater(min(map(len, said)), 200)
            with self.subTest(name=name):
                self.assertEqual(said[1][:n], said[0][:n])

    def test_pictures(self):
        """the map and the matrix are not of one colour"""
        self.firefox.open(self.base, 'html[data-ready]', '.map[data-placed]')
        for picture in '.map', '.matrix':
            n = self.firefox.evaluate(f'''(() => {{
              const canvas = document.querySelector ("{picture}");
              const {{data}} = canvas.getContext ("2d").getImageData (0, 0, canvas.width, canvas.height);
              return new Set (new Uint32Array (data.buffer)).size;
            }}) ()''')
            self.assertGreater(n, 20, picture)

    def test_it_fits(self):
        """nothing is wider than the window"""
        for name, route in ROUTES.items():
            self.firefox.open(self.base + route, 'html[data-ready]', f'main[data-page="{name}"]:not(.waits)')
            root = 'document.documentElement'
            self.assertEqual(self.firefox.evaluate(f'{root}.scrollWidth - {root}.clientWidth'), 0, name)


if __name__ == '__main__':
    unittest.main(verbosity=2)
