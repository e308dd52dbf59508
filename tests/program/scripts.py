# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scripts that read dashboards: examples/show_dashboard.py, and
docs/check-clusters.py and docs/plot-dashboard.py where Python has what they
need."""

import importlib.util
import json
import subprocess
import sys
import unittest

import harness

ROOT = harness.PIPELINES.parent
SHOW = ROOT / 'examples/show_dashboard.py'
CHECK = ROOT / 'docs/check-clusters.py'
PLOT = ROOT / 'docs/plot-dashboard.py'
# o and u with two dots, of which the model's tokenizer has no whole token
TEXT = 'gr\u00f6\u00dfer d\u00fcrfen \u65e5\u672c\u8a9e ' * 60


def missing(*modules):
    return [name for name in modules if not importlib.util.find_spec(name)]


def show_module():
    sys.path.insert(0, str(SHOW.parent))
    import show_dashboard
    return show_dashboard


class Pieces(unittest.TestCase):
    def check(self, tokens, *expected):
        self.assertEqual(list(show_module().pieces(tokens)), list(expected))

    def test_plain(self):
        self.check(['\u0120the', 'm'], (0, 1, ' the'), (1, 2, 'm'))
        self.check([])

    def test_character_in_several_tokens(self):
        self.check(['d', '\u00c3', '\u00bc', 'r'],
                   (0, 1, 'd'), (1, 3, '\u00fc'), (3, 4, 'r'))
        # three bytes; the token in the middle is one, the last holds more
        self.check(['a\u00e6', '\u0139', '\u00a5b'], (0, 3, 'a\u65e5b'))

    def test_part_of_a_character(self):
        self.check(['\u00bc', 'r', '\u00c3'],
                   (0, 1, '<0xbc>'), (1, 2, 'r'), (2, 3, '<0xc3>'))

    def test_not_of_bytes(self):
        self.check(['the \u65e5'], (0, 1, 'the \u65e5'))


class Scripts(harness.Case):
    def script(self, code, path, *arguments):
        result = subprocess.run(
            [sys.executable, path, *map(str, arguments)], text=True,
            capture_output=True, timeout=harness.TIMEOUT)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertNotIn('Traceback', result.stderr)
        if code:
            self.assertEqual(result.stderr.count('\n'), 1, result.stderr)
        return result.stdout if code == 0 else result.stderr

    def dashboard(self, text, *options):
        output = self.folder / 'dashboard'
        source = self.folder / 'text.txt'
        source.write_text(text, encoding='utf-8')
        self.check(0, 'dashboard', '--quiet', '--model', harness.SAMPLE,
                   '--text', source, '--output', output, *options)
        return output

    def test_show(self):
        output = self.dashboard(TEXT + 'x' * 4000)  # alike samples
        info = json.loads((output / 'model_info.json').read_text())
        self.assertLess(info['n_texts'], info['n_samples'])
        shown = self.script(0, SHOW, output, 1000)
        self.assertIn(f'over {info["n_samples"]} samples '
                      f'({info["n_texts"]} different)', shown)
        self.assertIn('"<0xc3>"', shown)
        self.assertNotIn('\ufffd', shown)

    def test_errors(self):
        self.assertIn("'/no/dashboard/model_info.json' cannot be read",
                      self.script(1, SHOW, '/no/dashboard'))
        (self.folder / 'model_info.json').write_text('{')
        self.assertIn('is no JSON', self.script(1, SHOW, self.folder))
        self.assertIn("'many' is no number",
                      self.script(1, SHOW, self.folder, 'many'))

    @unittest.skipIf(missing('numpy'), 'no NumPy')
    def test_check_clusters(self):
        licence = (harness.LICENCES / 'BSD').read_text()
        output = self.dashboard(licence, '--n-samples', '100')
        counted = self.script(0, CHECK, output, 'run-0-180', '\u27e6 of')
        self.assertIn('\u27e6 of\u27e7', counted)
        self.assertRegex(counted, r'run-0-180: \d of \d \(top\)')
        self.assertIn("no cluster 'foo'",
                      self.script(1, CHECK, output, 'foo', 'x'))
        self.assertIn("'(' is no regular",
                      self.script(1, CHECK, output, 'run-0-180', '('))

    @unittest.skipIf(missing('numpy'), 'no NumPy')
    def test_check_clusters_of_a_part(self):
        output = self.dashboard(TEXT, '--n-samples', '2')
        self.assertIn('keeps 2 samples',
                      self.script(1, CHECK, output, 'run-0-180', 'x'))

    @unittest.skipUnless(missing('numpy'), 'there is NumPy')
    def test_without_numpy(self):
        self.assertIn('NumPy is missing', self.script(1, CHECK, self.folder))

    @unittest.skipIf(missing('numpy', 'matplotlib'), 'no matplotlib')
    def test_plot(self):
        output = self.dashboard(TEXT)
        picture = self.folder / 'picture.png'
        self.script(0, PLOT, output, picture)
        self.assertTrue(picture.read_bytes().startswith(b'\x89PNG'))


if __name__ == '__main__':
    harness.main()
