# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exit codes, errors, signals, progress, summary and report."""

import json
import os
import pty
import re
import signal
import subprocess
import time

import harness

ENDLESS = ('fakesrc sizetype=2 sizemax=64 filltype=2 ! '
           'identity sleep-time=1000 ! fdsink fd=1')


class Usage(harness.Case):
    def test_usage_errors(self):
        path = self.description('fakesrc num-buffers=${n} ! fakesink')
        for arguments in (
                (), ('walk',), ('run',), ('run', path), ('run', path, 'n'),
                ('run', path, '=1'), ('run', path, 'n=1', 'm=1'),
                ('run', path, 'n=1', 'n=2'), ('run', path, 'n=1', '--no'),
                ('run', path, 'n=1', '--report'), ('dashboard',),
                ('dashboard', '--model', 'x', '--output', 'y'),
                ('dashboard', '--model', 'x', '--text', 'y'),
                ('dashboard', '--text', 'x', '--output', 'y'),
                ('dashboard', '--model', 'x', '--text', 'y', '--output', 'z',
                 '--n-ctx', 'many')):
            with self.subTest(arguments=arguments):
                result = self.check(2, *arguments)
                self.assertEqual(result.stdout, '')
                self.assertNotEqual(result.stderr, '')

    def test_values_of_properties(self):
        """named with element, property, value and range; nothing runs"""
        for text, *needles in (
                ('acttokenize batch-size=0', 'acttokenize', "'batch-size'", "'0'",
                 'from 1 to'),
                ('acttokenize n-ctx=""', "'n-ctx'", "''"),
                ('acttokenize n-ctx = -3', "'n-ctx'", "'-3'"),
                ('acttokenize n-ctx =many', "'n-ctx'", "'many'"),
                ('acttokenize batch-size= "1\\x"', "'batch-size'"),
                ('acttokenize batch-size=99999999999999999999',
                 "'99999999999999999999'"),
                ('acttokenize packing=dense', "'dense'", 'concat, document'),
                ('actdeadfilter threshold=-1', "'threshold'", "'-1'",
                 'number from 0'),
                ('actdeadfilter threshold=x', "'threshold'", "'x'"),
                ('fakesink sync=maybe', 'fakesink', "'maybe'", 'true or'),
                ('identity name=i ! fakesink num-buffers=1.5e', 'fakesink')):
            path = self.description(
                f'fakesrc num-buffers=1 ! filesink location={self.folder}/o '
                f'{text}')
            with self.subTest(text=text):
                result = self.check(2, 'run', path)
                self.assertEqual(len(result.stderr.splitlines()), 1)
                for needle in needles:
                    self.assertIn(needle, result.stderr)
                self.assertFalse((self.folder / 'o').exists())

    def test_good_values(self):
        path = self.description(
            'fakesrc num-buffers="3" sizetype = fixed filltype =2 '
            '! identity silent=yes sleep-time=0 ! fakesink sync=false')
        self.check(0, 'run', '--quiet', path)

    def test_values_of_options(self):
        for option, value in (('n-ctx', '-1'), ('threshold', '-1'),
                              ('n-samples', '0'), ('batch-size', '-2'),
                              ('packing', 'tight'), ('format', 'csv')):
            with self.subTest(option=option):
                result = self.check(
                    2, 'dashboard', '--model', harness.SAMPLE, '--text',
                    harness.LICENCES / 'BSD', '--output', self.folder / 'd',
                    f'--{option}', value)
                self.assertIn(f"property '{option}' is '{value}', expected",
                              result.stderr)
                self.assertEqual(len(result.stderr.splitlines()), 1)
                self.assertFalse((self.folder / 'd').exists())

    def test_inputs_of_dashboard(self):
        """what is wrong is said before anything is tried"""
        text = harness.LICENCES / 'BSD'
        incomplete = self.folder / 'model'
        incomplete.mkdir()
        (incomplete / 'config.json').write_text('{}')
        for model, texts, needle in (
                ('/no/such', text, "model '/no/such' does not exist"),
                (text, text, 'is no folder'),
                (self.folder, text, 'has no config.json'),
                (incomplete, text, 'has no model.safetensors'),
                (harness.SAMPLE, self.folder / 'none.txt', 'none.txt'),
                (harness.SAMPLE, self.folder / '*.none', '*.none')):
            result = self.check(1, 'dashboard', '--model', model, '--text',
                                texts, '--output', self.folder / 'd')
            self.assertEqual(len(result.stderr.splitlines()), 1)
            self.assertIn(needle, result.stderr)
            self.assertFalse((self.folder / 'd').exists())

    def test_unknown_variable_lists_all(self):
        path = self.description('fakesrc num-buffers=${n} ! '
                                'fakesink name=${name:-end}')
        for arguments in (('n=1', 'foo=1'), ()):
            result = self.check(2, 'run', path, *arguments)
            self.assertIn('  n     must be given\n', result.stderr)
            self.assertIn('  name  default: end\n', result.stderr)

    def test_help(self):
        for arguments, text in ((('--help',), 'Commands:'),
                                (('run', '--help'), 'FILE [name=value'),
                                (('dashboard', '--help'), '--model=DIR'),
                                (('merge', '--help'), '--output=DIR'),
                                (('show', '--help'), '--cluster=ID'),
                                (('store', '--help'), 'info|verify DIR')):
            result = self.check(0, *arguments)
            self.assertIn(text, result.stdout)
            self.assertEqual(result.stderr, '')

    def test_version(self):
        lines = self.check(0, '--version').stdout.splitlines()
        self.assertRegex(lines[0], r'^gst-activations \d+\.\d+\.\d+$')
        self.assertRegex(lines[1], r'^GStreamer 1\.')


class Errors(harness.Case):
    def error_of(self, text, *arguments):
        result = self.check(1, 'run', self.description(text), *arguments)
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertTrue(lines[0].startswith('error: '), lines)
        self.assertEqual(result.stdout, '')
        return lines[0]

    def test_no_such_element(self):
        error = self.error_of('fakesrc ! nosuchelement ! fakesink')
        self.assertIn('"nosuchelement"', error)
        self.assertIn('GST_PLUGIN_PATH_1_0', error)

    def test_no_such_reduction(self):
        """what there is, those of other plugins too, if they are found"""
        for arguments in (
                ('dashboard', '--model', harness.SAMPLE, '--text',
                 harness.SAMPLE / 'README.md', '--output',
                 self.folder / 'out', '--reduction', 'median'),
                ('run', 'from-dump', f"dump={harness.DATA / 'golden/basic'}",
                 f"clusters={harness.DATA / 'golden/basic/clusters.json'}",
                 f'output={self.folder}/out', 'reduction=median')):
            result = self.check(2, *arguments)
            self.assertIn("error: no reduction 'median' (no element "
                          'actclustermedian), expected one of max, mean, sum',
                          result.stderr)
            self.assertEqual(result.stderr.count('\n'), 1)
            self.assertFalse((self.folder / 'out').exists())

    def test_property(self):
        self.assertIn('nosuch', self.error_of('fakesrc nosuch=1 ! fakesink'))

    def test_syntax(self):
        self.error_of('fakesrc ! ! fakesink')

    def test_link(self):
        self.error_of('fakesrc ! fakesrc')

    def test_file_element_and_hint(self):
        error = self.error_of('filesrc name=reader location=/no/such/file '
                              '! fakesink')
        self.assertIn('reader', error)
        self.assertIn('/no/such/file', error)
        self.assertIn('check that the path is right', error)

    def test_in_the_middle(self):
        # a message while data flows; what follows it is not shown
        self.assertIn('identity0', self.error_of(
            'fakesrc ! identity error-after=3 ! fakesink'))

    def test_dry_run(self):
        text = 'fakesrc num-buffers=1 ! filesink location="${out}"'
        out = self.folder / 'out'
        result = self.check(0, 'run', '--dry-run', self.description(text),
                            f'out={out}')
        self.assertIn('2 elements', result.stdout)
        self.assertFalse(out.exists())
        self.error_of('fakesrc ! nosuchelement', '--dry-run')

    def test_report_that_cannot_be_written(self):
        path = self.description('fakesrc num-buffers=1 ! '
                                f'filesink location={self.folder}/out')
        report = self.folder / 'no' / 'such' / 'r.json'
        result = self.check(1, 'run', path, '--report', report)
        self.assertIn(str(report), result.stderr)
        self.assertFalse((self.folder / 'out').exists())


class Signals(harness.Case):
    def interrupt(self, number, code):
        report = self.folder / 'report.json'
        process = subprocess.Popen(
            [harness.PROGRAM, 'run', self.description(ENDLESS), '--report',
             report], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with process:
            self.assertNotEqual(process.stdout.read(1), b'')  # it runs
            begin = time.monotonic()
            process.send_signal(number)
            _, errors = process.communicate(timeout=harness.TIMEOUT)
            self.assertLess(time.monotonic() - begin, 10)
        self.assertEqual(process.returncode, code)
        self.assertIn(b'interrupted', errors)
        document = json.loads(report.read_text())
        self.assertEqual(document['result'], 'interrupted')
        self.assertEqual(document['exit_code'], code)

    def test_ctrl_c(self):
        self.interrupt(signal.SIGINT, 130)

    def test_sigterm(self):
        self.interrupt(signal.SIGTERM, 143)


class Output(harness.Case):
    def test_summary_and_quiet(self):
        path = self.description('fakesrc num-buffers=5 ! queue ! fakesink')
        result = self.check(0, 'run', path)
        self.assertRegex(result.stdout, r'(?m)^Time +\d+\.\d+ s$')
        self.assertRegex(result.stdout, r'(?m)^  fakesink0 +5 ')
        result = self.check(0, 'run', '--quiet', path)
        self.assertEqual((result.stdout, result.stderr), ('', ''))

    def test_report(self):
        report = self.folder / 'r.json'
        path = self.description('fakesrc num-buffers=${n} ! identity ! '
                                'queue ! fakesink dump=${dump:-false}')
        self.check(0, 'run', path, 'n=7', 'dump=true', '--report', report)
        document = json.loads(report.read_text())
        self.assertEqual(document['result'], 'complete')
        self.assertEqual(document['exit_code'], 0)
        self.assertIsNone(document['error'])
        self.assertEqual(document['variables'], {'n': '7', 'dump': 'true'})
        self.assertEqual([step['factory'] for step in document['steps']],
                         ['fakesrc', 'identity', 'queue', 'fakesink'])
        self.assertEqual({step['buffers'] for step in document['steps']}, {7})
        self.assertIn('gstreamer', document['versions'])
        self.assertEqual(document['settings'][-1]['dump'], 'true')
        self.assertLess(0, document['seconds'])

        # what was not set is in it too
        self.assertEqual(document['settings'][2]['max-size-buffers'], '200')
        stream = self.check(0, 'run', path, 'n=7', '--report', '-')
        self.assertEqual(json.loads(stream.stdout)['result'], 'complete')
        for option in ('--dry-run', '--print'):
            result = self.check(2, 'run', path, 'n=7', option, '--report',
                                report)
            self.assertIn('--report', result.stderr)

    def test_report_of_a_failure(self):
        report = self.folder / 'r.json'
        path = self.description('fakesrc ! identity error-after=3 ! fakesink')
        self.check(1, 'run', path, '--report', report)
        document = json.loads(report.read_text())
        self.assertEqual(document['result'], 'failed')
        self.assertEqual(document['error']['element'], 'identity0')

    def test_time_belongs_to_the_step_that_took_it(self):
        report = self.folder / 'r.json'
        path = self.description(
            'fakesrc num-buffers=40 ! identity name=slow sleep-time=5000 ! '
            'identity name=fast ! fakesink')
        self.check(0, 'run', path, '--quiet', '--report', report)
        wall = {step['element']: step['wall_seconds']
                for step in json.loads(report.read_text())['steps']}
        self.assertGreater(wall['slow'], 0.19)
        self.assertLess(wall['fast'], 0.1)
        self.assertLess(wall['fakesink0'], 0.1)

    def test_plain_lines_without_a_terminal(self):
        source = self.folder / 'bytes'
        source.write_bytes(bytes(4096 * 300))
        path = self.description(
            f'filesrc location="{source}" ! identity sleep-time=2000 ! '
            'fakesink')
        result = self.check(0, 'run', path)
        self.assertRegex(result.stderr, r'^bytes [0-9,]+ of 1,228,800')
        self.assertNotIn('\r', result.stderr)
        self.assertNotIn('\033', result.stderr + result.stdout)

    def test_bytes_of_paths_survive_any_locale(self):
        env = dict(os.environ, LC_ALL='C')
        result = self.check(2, 'run', 'ümläut', env=env)
        self.assertIn('ümläut', result.stderr)


class Terminal(harness.Case):
    def on_terminal(self, text, *arguments, term='xterm'):
        """Everything the program shows on a terminal, and its exit code."""
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            [harness.PROGRAM, 'run', self.description(text), *arguments],
            stdout=follower, stderr=follower,
            env=dict(os.environ, TERM=term))
        os.close(follower)
        shown = b''
        while True:
            try:
                piece = os.read(leader, 65536)
            except OSError:
                break  # the other end is closed
            if not piece:
                break
            shown += piece
        os.close(leader)
        return shown, process.wait(timeout=harness.TIMEOUT)

    def test_bar(self):
        shown, code = self.on_terminal(self.progressing())
        self.assertEqual(code, 0)
        self.assertIn(b'\r[', shown)
        self.assertIn(b'%', shown)
        self.assertIn(b'/s', shown)
        self.assertIn(b' left', shown)
        # gone before the summary
        self.assertIn(b'\r\033[KTime', shown.replace(b'\r\n', b'\n'))

    def test_samples_from_text(self):
        """one bar in samples, to the end of storage, however far ahead the
        files are read"""
        model = harness.SAMPLE
        shown, code = self.on_terminal(
            f'acttextsrc location={model}/README.md format=lines ! '
            f'acttokenize tokenizer={model}/tokenizer.json n-ctx=16 '
            f'batch-size=4 ! queue ! actforward model={model} ! queue ! '
            f'actdeadfilter ! actclustermax clusters={model}/clusters.json ! '
            'identity sleep-time=20000 ! actstore progress-interval=0 ! '
            'fakesink')
        self.assertEqual(code, 0)
        bars = [bar for bar in shown.split(b'\r')
                if b'samples ' in bar and b'] ' in bar]
        self.assertGreater(len(bars), 3)
        self.assertTrue(any(b' left' in bar for bar in bars), bars)
        self.assertNotIn(b'bytes ', shown.split(b'Time')[0])
        numbers = [[int(n.replace(b',', b'')) for n in re.search(
            rb'samples ([0-9,]+) of (?:about )?([0-9,]+)', bar).groups()]
            for bar in bars]
        self.assertEqual(numbers, sorted(numbers, key=lambda n: n[0]))
        self.assertTrue(all(done <= total for done, total in numbers), numbers)

    def test_no_bar(self):
        for arguments, term in ((('--quiet',), 'xterm'), ((), 'dumb')):
            shown, code = self.on_terminal(self.progressing(), *arguments,
                                           term=term)
            self.assertEqual(code, 0)
            self.assertNotIn(b'\033', shown)

    def progressing(self):
        """a pipeline that knows its position"""
        source = self.folder / 'bytes'
        source.write_bytes(bytes(4096 * 400))
        return (f'filesrc location="{source}" ! identity sleep-time=2000 ! '
                'fakesink')


if __name__ == '__main__':
    harness.main()
