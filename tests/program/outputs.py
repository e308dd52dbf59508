# SPDX-License-Identifier: LGPL-2.1-or-later
"""Output folders: what is refused, what a full or read-only disk leaves, what
killed and concurrent runs do to each other. Whole or not at all."""

import json
import os
import resource
import shutil
import signal
import subprocess

import harness

GOLDEN = harness.DATA / 'golden' / 'basic'
TEXT = harness.LICENCES / 'GPL-3'
DASHBOARD = ['from-dump', f'dump={GOLDEN}', f'clusters={GOLDEN}/clusters.json',
             f'vocabulary={GOLDEN}/vocab.json']
HARVEST = ['harvest', f'model={harness.SAMPLE}',
           f'text={harness.LICENCES}/BSD', 'n-ctx=32']
MARKS = ['model_info.json', 'dump.json']
WRITERS = {'dashboard': DASHBOARD, 'npy': HARVEST,
           'safetensors': [*HARVEST, 'output-format=safetensors']}


def mounts():
    """Whether this process may mount things for its children."""
    return subprocess.run(['unshare', '-rm', 'true'],
                          capture_output=True).returncode == 0


class Output(harness.Case):
    def setUp(self):
        super().setUp()
        self.outputs = self.folder / 'outputs'
        self.outputs.mkdir()

    def failed(self, result, *needles):
        """one clear error and nothing half-written"""
        self.assertEqual(result.returncode, 1, result.stderr)
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertRegex(lines[0], r'^error: act[a-z]+sink0: ')
        for needle in needles:
            self.assertIn(needle, lines[0])

    def long_text(self):
        text = self.folder / 'long.txt'
        text.write_bytes(TEXT.read_bytes() * 100)
        return text

    def start_long(self, output):
        """A run that has begun and does not end soon."""
        process = subprocess.Popen(
            [harness.PROGRAM, 'dashboard', '--model', harness.SAMPLE,
             '--text', self.long_text(), '--output', output],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.assertNotEqual(process.stderr.readline(), b'')
        return process


class Targets(Output):
    def test_existing_folder(self):
        for arguments in WRITERS.values():
            target = self.outputs / 'd'
            target.mkdir()
            mark, other = MARKS[::1 if arguments is DASHBOARD else -1]
            # what is none of ours stays, and what another element wrote
            (target / 'mine').write_text('precious')
            (target / other).write_text('precious')
            before = harness.content(target)
            for more, needle in (((), 'overwrite=true'),
                                 (('overwrite=true',), mark)):
                result = harness.run('run', '--quiet', *arguments, *more,
                                     f'output={target}')
                self.failed(result, str(target), needle)
                self.assertNotIn('(the folder', result.stderr)
                self.assertEqual(harness.content(target), before)
                self.assertEqual(os.listdir(self.outputs), ['d'])
            (target / mark).touch()
            self.check(0, 'run', '--quiet', *arguments, f'output={target}',
                       'overwrite=true')
            self.assertNotIn('mine', harness.content(target))
            self.assertEqual(os.listdir(self.outputs), ['d'])
            shutil.rmtree(target)

    def test_failure_keeps_what_was_there(self):
        target = self.outputs / 'd'
        target.mkdir()
        (target / 'mine').write_text('precious')
        (target / 'model_info.json').write_text('{}')
        before = harness.content(target)
        path = self.description(
            'actdumpsrc location="${dump}" vocabulary="${dump}/vocab.json" '
            '! identity error-after=3 ! actdeadfilter '
            '! actclustermax clusters="${dump}/clusters.json" ! actstore '
            '! actdashboardsink location="${output}" overwrite=true')
        self.check(1, 'run', path, f'dump={GOLDEN}', f'output={target}')
        self.assertEqual(harness.content(target), before)
        self.assertEqual(os.listdir(self.outputs), ['d'])

    def test_no_folder_can_be_there(self):
        (self.outputs / 'file').write_text('precious')
        for arguments in WRITERS.values():
            for target, needle, *more in (
                    ('file', 'exists'),
                    ('file', 'no folder', 'overwrite=true'),
                    ('file/d', 'Not a directory'),
                    ('file/', 'exists'),
                    ('', 'location'),
                    ('.', 'current', 'overwrite=true')):
                if target == '' and arguments is not DASHBOARD:
                    needle = 'output'
                result = harness.run('run', '--quiet', *arguments, *more,
                                     f'output={target}', cwd=self.outputs)
                self.failed(result, needle)
                self.assertNotIn('overwrite=true', result.stderr)
                self.assertEqual(os.listdir(self.outputs), ['file'])
        self.assertEqual((self.outputs / 'file').read_text(), 'precious')

    def test_spellings(self):
        """relative, with a slash at the end, with blanks and other things"""
        expected = None
        for target in ('relative', './dotted/', 'slashes///', 'a b/c',
                       '../outputs/up', ' ', 'ünï', '-dash', 'a\nb', '"#!$'):
            self.check(0, 'run', '--quiet', *DASHBOARD, f'output={target}',
                       cwd=self.outputs)
            made = harness.content(self.outputs / target)
            self.assertIn('clusters.jsonl', made)
            expected = expected or made
            self.assertEqual(made, expected)
        self.assertEqual(len(os.listdir(self.outputs)), 10)

    def test_link(self):
        """A link to a folder is that folder; a broken one is in the way."""
        (self.outputs / 'real').mkdir()
        (self.outputs / 'link').symlink_to('real')
        (self.outputs / 'broken').symlink_to('nothing')
        for name in ('link', 'broken'):
            self.failed(harness.run('run', '--quiet', *DASHBOARD,
                                    f'output={self.outputs}/{name}'), 'exists')
        self.check(0, 'run', '--quiet', *DASHBOARD, 'overwrite=true',
                   f'output={self.outputs}/link')
        self.assertTrue((self.outputs / 'link').is_symlink())
        self.assertTrue((self.outputs / 'real' / 'clusters.jsonl').exists())


class Space(Output):
    def limited(self, size, *arguments):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        return harness.run('run', '--quiet', *arguments,
                           f'output={self.outputs}/d', preexec_fn=limit)

    def test_file_size_limit(self):
        """a full disk, wherever in the files it shows"""
        for name, arguments in WRITERS.items():
            failures = 0
            for size in (0, 10, 100, 500, 1500, 3000, 6000, 20000, 100000):
                result = self.limited(size, *arguments)
                if result.returncode == 0:
                    shutil.rmtree(self.outputs / 'd')
                    continue
                failures += 1
                with self.subTest(f'{name}, {size} bytes'):
                    self.failed(result, 'File too large', 'room')
                    self.assertEqual(os.listdir(self.outputs), [])
            self.assertGreaterEqual(failures, 5)

    def test_small_disk(self):
        if not mounts():
            self.skipTest('cannot mount')
        script = ('mount -t tmpfs -o size="$1" none "$2" && cd "$2" || exit 9;'
                  'shift 2; "$@"; code=$?; ls -A >&3; exit $code')
        for name, arguments in WRITERS.items():
            for size in ('4k', '8k', '20k'):
                read, write = os.pipe()
                result = subprocess.run(
                    ['unshare', '-rm', 'sh', '-c', f'exec 3>&{write};{script}',
                     'sh', size, self.outputs, harness.PROGRAM, 'run',
                     '--quiet', *arguments, 'output=d'], text=True,
                    capture_output=True, pass_fds=[write],
                    timeout=harness.TIMEOUT)
                os.close(write)
                with open(read) as stream:
                    left = stream.read()
                with self.subTest(f'{name}, {size}'):
                    self.failed(result, 'No space left', 'room')
                    self.assertEqual(left, '')

    def test_read_only(self):
        if not mounts():
            self.skipTest('cannot mount')
        script = ('mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" '
                  '|| exit 9; shift; exec "$@"')
        for arguments in WRITERS.values():
            result = subprocess.run(
                ['unshare', '-rm', 'sh', '-c', script, 'sh', self.outputs,
                 harness.PROGRAM, 'run', '--quiet', *arguments,
                 f'output={self.outputs}/d'], text=True, capture_output=True,
                timeout=harness.TIMEOUT)
            self.failed(result, 'Read-only', str(self.outputs))
            self.assertEqual(os.listdir(self.outputs), [])


class Runs(Output):
    def test_killed_run_is_swept(self):
        with self.start_long(self.outputs / 'd') as process:
            process.kill()
            process.stderr.read()
        self.assertEqual(process.returncode, -signal.SIGKILL)
        left = os.listdir(self.outputs)
        self.assertEqual(len(left), 1)
        self.assertRegex(left[0], r'^\.d\.tmp-')
        # what has another name is none of ours
        (self.outputs / '.d.tmp-x').mkdir()
        self.check(0, 'run', '--quiet', *DASHBOARD,
                   f'output={self.outputs}/d')
        self.assertEqual(sorted(os.listdir(self.outputs)), ['.d.tmp-x', 'd'])

    def test_two_at_once(self):
        """The second to finish finds the folder there; a sweep leaves the
        folder of a run that lives alone."""
        with self.start_long(self.outputs / 'd') as process:
            self.check(0, 'run', '--quiet', *DASHBOARD,
                       f'output={self.outputs}/d')
            before = harness.content(self.outputs / 'd')
            left = sorted(os.listdir(self.outputs))
            self.assertEqual(len(left), 2)
            self.assertRegex(left[0], r'^\.d\.tmp-')
            process.send_signal(signal.SIGTERM)
            process.stderr.read()
        self.assertEqual(os.listdir(self.outputs), ['d'])
        self.assertEqual(harness.content(self.outputs / 'd'), before)
        shutil.rmtree(self.outputs / 'd')

        commands = [subprocess.Popen(
            [harness.PROGRAM, 'run', '--quiet', *DASHBOARD,
             f'output={self.outputs}/d'], stderr=subprocess.PIPE, text=True)
            for _ in range(4)]
        errors = [command.communicate(timeout=harness.TIMEOUT)[1]
                  for command in commands]
        self.assertEqual(sorted(c.returncode for c in commands), [0, 1, 1, 1])
        self.assertEqual(sum(error == '' for error in errors), 1)
        for error in errors:
            self.assertRegex(error, r'^$|exists')
        self.assertEqual(os.listdir(self.outputs), ['d'])
        self.assertEqual(harness.content(self.outputs / 'd'), before)

    def test_gst_launch_eos_on_interrupt(self):
        """-e makes an end of stream of Ctrl-C, which is no success"""
        # a single document is whole once it is read
        texts = self.folder / 'texts'
        texts.mkdir()
        for i in range(100):
            (texts / f'{i}.txt').write_bytes(TEXT.read_bytes())
        line = self.check(0, 'run', '--print', 'dashboard',
                          f'model={harness.SAMPLE}',
                          f'text={texts}',
                          f'output={self.outputs}/d').stdout
        with harness.start_launch(line, '-e') as process:
            for text in process.stdout:
                if 'PLAYING' in text:
                    break
            process.send_signal(signal.SIGINT)
            process.stdout.read()
        self.assertGreaterEqual(process.returncode, 0)
        self.assertEqual(os.listdir(self.outputs), [])

    def test_closed_pipe(self):
        """Nobody reads what is printed: the run goes on and is whole."""
        read, write = os.pipe()
        os.close(read)
        result = subprocess.run(
            [harness.PROGRAM, 'run', *DASHBOARD, f'output={self.outputs}/d'],
            stdout=write, stderr=write, timeout=harness.TIMEOUT)
        os.close(write)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(os.listdir(self.outputs), ['d'])

    def test_report_into_a_pipe(self):
        """neither replaces what is no file nor hides that it is full"""
        arguments = ('run', '--quiet', *DASHBOARD)
        result = self.check(0, *arguments, f'output={self.outputs}/a',
                            '--report', '/dev/stdout')
        self.assertEqual(json.loads(result.stdout)['result'], 'complete')
        link = self.folder / 'link'
        link.symlink_to('/dev/full')
        result = self.check(1, *arguments, f'output={self.outputs}/b',
                            '--report', link)
        self.assertIn('report', result.stderr)
        self.assertIn('No space left', result.stderr)
        self.assertTrue(link.is_symlink())


if __name__ == '__main__':
    harness.main()
