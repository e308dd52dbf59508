# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dashboard's page from the command line: `view`, and `export` to one file."""

import os
import re
import resource

import harness

GOLDEN = harness.DATA / 'golden' / 'basic'
PAGE = '''<!DOCTYPE html>
<html><head><title>x</title>
<link rel="stylesheet" href="page/a.css">
<script src="page/a.js"></script></head>
<body class="y"><p>text</p>
<script src="page/b.js"></script>
</body></html>
'''


class Viewer(harness.Case):
    def setUp(self):
        super().setUp()
        self.dashboard = self.folder / 'dash board'
        self.out = self.folder / 'out' / 'one.html'
        self.out.parent.mkdir()

    def make_page(self):
        """a page's folder without a run"""
        for name, text in (
                ('index.html', PAGE), ('page/a.css', 'p { color: red }\n'),
                ('page/a.js', 'let a = "<b>";\n'), ('page/b.js', 'a += 1;\n'),
                ('data/run.js', 'actdata("run", "QUJD");\n'),
                ('data/index-000.js', 'actdata("index-000", "REVG");\n')):
            path = self.dashboard / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def export(self, code=0, *more, **options):
        return self.check(code, 'export', self.dashboard, '--single-file',
                          self.out, *more, **options)

    def refused(self, *needles):
        result = self.export(1)
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 1, result.stderr)
        for needle in needles:
            self.assertIn(needle, lines[0])
        self.assertEqual(os.listdir(self.out.parent), [])


class Export(Viewer):
    def test_inlined(self):
        self.make_page()
        self.export()
        self.assertEqual(self.out.read_text(), '''<!DOCTYPE html>
<html><head><title>x</title>
<style>
p { color: red }
</style>
<script>
let a = "<b>";
</script></head>
<body class="y">
<script type="text/plain" data-name="index-000">REVG</script>
<script type="text/plain" data-name="run">QUJD</script>
<p>text</p>
<script>
a += 1;
</script>
</body></html>
''')
        self.assertEqual(os.listdir(self.out.parent), [self.out.name])

    def test_run(self):
        """all data of a run, and nothing that is not in the file"""
        self.check(0, 'run', '--quiet', 'from-dump', f'dump={GOLDEN}',
                   f'clusters={GOLDEN}/clusters.json',
                   f'vocabulary={GOLDEN}/vocab.json',
                   f'output={self.dashboard}')
        self.export()
        text = self.out.read_text()
        found = dict(re.findall(
            '<script type="text/plain" data-name="([^"]+)">([^<]+)</script>',
            text))
        self.assertEqual(
            {f'actdata("{name}", "{data}");\n' for name, data in found.items()},
            {path.read_text() for path in (self.dashboard / 'data').iterdir()})
        self.assertNotIn(' src=', text)
        self.assertNotIn(' href="page', text)

    def test_existing(self):
        self.make_page()
        self.out.write_text('mine')
        self.assertIn('exists already', self.export(1).stderr)
        self.assertEqual(self.out.read_text(), 'mine')
        self.export(0, '--overwrite')
        self.assertIn('QUJD', self.out.read_text())

    def test_refused(self):
        for name, text, *needles in (
                ('page/a.js', 'x = "</SCRIPT>"', 'page/a.js', '</script>'),
                ('page/a.css', '/* </style */', 'page/a.css', '</style>'),
                ('data/run.js', 'actdata("other", "QUJD");\n', 'run.js'),
                ('data/run.js', 'actdata("run", "', 'run.js'),
                ('index.html', '<body><script src="../a.js"></script>',
                 '../a.js'),
                ('index.html', '<body><script src="/a.js"></script>', '/a.js'),
                ('index.html', '<body><script src="http://h/a.js"></script>',
                 'http://h/a.js'),
                ('index.html', '<body><script src="none.js"></script>',
                 'none.js'),
                ('index.html', '<body><script src="page/a.js" defer></script',
                 'does not end'),
                ('index.html', 'no tag', '<body>')):
            with self.subTest(text):
                self.make_page()
                (self.dashboard / name).write_text(text)
                self.refused(*needles)

    def test_no_page(self):
        self.dashboard.mkdir()
        self.refused('has no index.html')

    def test_file_size_limit(self):
        self.make_page()
        (self.dashboard / 'data' / 'run.js').write_text(
            f'actdata("run", "{"A" * 1_000_000}");\n')
        result = self.export(1, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (100_000, 100_000)))
        self.assertIn('one.html', result.stderr)
        self.assertEqual(os.listdir(self.out.parent), [])

    def test_usage(self):
        for arguments in (('export',), ('export', 'a'),
                          ('export', 'a', 'b', '--single-file', 'c'),
                          ('view',), ('view', 'a', 'b')):
            self.check(2, *arguments)


class View(Viewer):
    def environment(self, **more):
        """no desktop knows of a browser"""
        kept = {name: value for name, value in os.environ.items()
                if name not in ('DISPLAY', 'WAYLAND_DISPLAY')}
        nowhere = os.fspath(self.folder / 'nowhere')
        return {**kept, 'XDG_DATA_HOME': nowhere, 'XDG_DATA_DIRS': nowhere,
                'XDG_CONFIG_HOME': nowhere, 'XDG_CONFIG_DIRS': nowhere, **more}

    def test_no_display(self):
        self.make_page()
        result = self.check(0, 'view', self.dashboard, env=self.environment())
        self.assertIn((self.dashboard / 'index.html').as_uri(), result.stdout)

    def test_browser(self):
        self.make_page()
        pipe = self.folder / 'pipe'
        os.mkfifo(pipe)
        opener = self.folder / 'bin' / 'xdg-open'
        opener.parent.mkdir()
        opener.write_text(f'#!/bin/sh\nprintf %s "$1" >"{pipe}"\n')
        opener.chmod(0o755)
        # read and write: opening does not wait
        reader = os.open(pipe, os.O_RDWR)
        self.check(0, 'view', self.dashboard, env=self.environment(
            DISPLAY=':99', PATH=f'{opener.parent}:{os.environ["PATH"]}'))
        self.assertEqual(os.read(reader, 10000).decode(),
                         (self.dashboard / 'index.html').as_uri())
        os.close(reader)

    def test_no_page(self):
        self.dashboard.mkdir()
        result = self.check(1, 'view', self.dashboard, env=self.environment())
        self.assertIn('has no index.html', result.stderr)


if __name__ == '__main__':
    harness.main()
