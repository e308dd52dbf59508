# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs with a store that stop before their end, in each way there is, and go on:
the same dashboard, byte for byte, and nothing computed twice that was stored."""

import errno
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import harness
import storefiles
from harness import content
from storefiles import SAMPLE, segments

N_KILLS = 54
TEXT = harness.LICENCES / 'GPL-3'
FAILSYNC = os.environ.get('ACT_TEST_FAILSYNC')


def mounts():
    """Whether this process may mount things for its children."""
    return subprocess.run(['unshare', '-rm', 'true'],
                          capture_output=True).returncode == 0


def wait_for_segments(process, store, n):
    """Until so many are there; fails if the run ends before."""
    deadline = time.monotonic() + harness.TIMEOUT
    while len(segments(store)) < n:
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError('the run ended too early')
        os.sched_yield()


class Stops(storefiles.Case):
    def setUp(self):
        super().setUp()
        self.store = self.folder / 'store'
        self.output = self.folder / 'd'
        self.report = self.folder / 'report.json'

    def command(self, *more):
        return ['run', '--quiet', *self.arguments, f'output={self.output}',
                f'store={self.store}', *more]

    def plain(self):
        """what a run without a store gives"""
        self.check(0, 'run', '--quiet', *self.arguments,
                   f'output={self.folder}/plain')
        return content(self.folder / 'plain')

    def go_on(self, expected, *more):
        """The run goes on to its end; -> how many batches came."""
        self.check(0, *self.command(*more), '--report', self.report)
        self.assert_same(self.output, expected)
        shutil.rmtree(self.output)
        self.tidy(self.store)
        self.check(0, 'store', 'verify', self.store)
        return self.buffers(self.report, self.counted)

    def n_stored(self):
        manifest = storefiles.manifest_of(self.store)
        return sum(entry['batches'] for entry in manifest['segments'])


class Model(Stops):
    """with the sample model, of which each batch costs"""
    counted = 'actforward'

    def setUp(self):
        super().setUp()
        # long enough to be stopped in its middle on a busy machine
        text = self.folder / 'long.txt'
        text.write_bytes(TEXT.read_bytes() * 2)
        self.arguments = ['dashboard', *SAMPLE, f'text={text}',
                          'segment-size=2']

    def test_stopped(self):
        expected = self.plain()
        self.assertGreater(self.go_on(expected), 20)
        n_batches = self.n_stored()
        self.assertEqual(self.go_on(expected), 0)
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143),
                             (signal.SIGKILL, -signal.SIGKILL)):
            with self.subTest(number.name):
                shutil.rmtree(self.store)
                process = subprocess.Popen([harness.PROGRAM, *self.command()],
                                           stderr=subprocess.DEVNULL)
                with process:
                    # of which three may not have come to the manifest
                    wait_for_segments(process, self.store, 5)
                    process.send_signal(number)
                self.assertEqual(process.returncode, code)
                self.assertFalse(self.output.exists())
                self.check(0, 'store', 'verify', self.store)
                there = self.n_stored()
                self.assertGreaterEqual(there, 4)
                self.assertEqual(self.go_on(expected), n_batches - there)

    def test_two_at_once(self):
        expected = self.plain()
        process = subprocess.Popen([harness.PROGRAM, *self.command()],
                                   stderr=subprocess.DEVNULL)
        with process:
            wait_for_segments(process, self.store, 1)
            process.send_signal(signal.SIGSTOP)
            self.failed(harness.run(*self.command()), self.store, 'in use')
            process.send_signal(signal.SIGCONT)
        self.assertEqual(process.returncode, 0)
        self.assert_same(self.output, expected)
        self.check(0, 'store', 'verify', self.store)

    def test_becomes_read_only(self):
        """in mid-run"""
        if not mounts():
            self.skipTest('cannot mount')
        expected = self.plain()
        self.store.mkdir()
        script = ('mount --bind "$1" "$1" || exit 9; folder=$1; shift; "$@" &'
                  # a segment counts once the manifest names it
                  'until grep -qs segment- "$folder/manifest.json"; do :; done;'
                  'until mount -o remount,ro,bind "$folder" 2>/dev/null; '
                  'do kill -0 $! || exit 8; done; wait $!')
        result = subprocess.run(
            ['unshare', '-rm', 'sh', '-c', script, 'sh', self.store,
             harness.PROGRAM, *self.command()], text=True,
            capture_output=True, timeout=harness.TIMEOUT)
        self.failed(result, 'Read-only', self.store)
        self.assertFalse(self.output.exists())
        self.check(0, 'store', 'verify', self.store)
        there = self.n_stored()
        self.assertGreater(there, 0)
        self.assertGreater(self.go_on(expected), 0)


class Dump(Stops):
    """with a golden case several times over: many small batches"""
    counted = 'actdumpsrc'

    def setUp(self):
        super().setUp()
        self.dump = storefiles.repeat_dump('many_values',
                                           self.folder / 'dump', 5)
        store, dashboard = storefiles.dump_arguments(self.dump)
        self.arguments = ['from-dump', *store, *dashboard, 'segment-size=2']
        self.n_batches = 40

    def test_error_at_the_last_batch(self):
        expected = self.plain()
        last = self.dump / f'activations_{self.n_batches - 1:03}.npy'
        good = last.read_bytes()
        values = bytearray(good)
        values[-4:] = b'\x00\x00\xc0\x7f'  # NaN
        for bad, needle in ((good[:-100], 'bytes'), (bytes(values), 'NaN')):
            with self.subTest(needle):
                last.unlink()
                last.write_bytes(bad)
                for _ in range(2):
                    result = harness.run(*self.command())
                    self.failed(result, last.name)
                    self.assertFalse(self.output.exists())
                    self.check(0, 'store', 'verify', self.store)
                # but for what was on its way there, in the queue and elements
                there = self.n_stored()
                self.assertGreater(there, self.n_batches - 8)
                last.write_bytes(good)
                self.assertEqual(self.go_on(expected), self.n_batches - there)
                shutil.rmtree(self.store)

    def test_damage(self):
        expected = self.plain()
        self.go_on(expected)
        for i, damage in enumerate((self.flip, self.truncate, self.empty,
                                    os.unlink)):
            path = self.store / segments(self.store)[5 * i]
            damage(path)
            with self.subTest(damage.__name__):
                damaged = content(self.store)
                self.failed(harness.run(*self.command()), path)
                self.assertEqual(content(self.store), damaged)
                result = harness.run('store', 'verify', self.store)
                self.failed(result, path)
                result = self.check(0, *self.command('repair=true'),
                                    '--report', self.report)
                self.assertEqual(self.buffers(self.report, 'actdumpsrc'), 2)
                self.assert_same(self.output, expected)
                shutil.rmtree(self.output)
                self.check(0, 'store', 'verify', self.store)

    def flip(self, path):
        data = bytearray(path.read_bytes())
        data[len(data) // 3] ^= 0x10
        path.write_bytes(data)

    def truncate(self, path):
        with path.open('r+b') as file:
            file.truncate(path.stat().st_size - 1)

    def empty(self, path):
        path.write_bytes(b'')

    def test_repair_goes_on_after_a_stop(self):
        """what was dropped is known to be missing"""
        expected = self.plain()
        self.go_on(expected)
        self.flip(self.store / segments(self.store)[7])
        bad = self.dump / 'activations_015.npy'
        good = os.readlink(bad)
        bad.unlink()
        bad.touch()
        self.failed(harness.run(*self.command('repair=true')), bad.name)
        bad.unlink()
        bad.symlink_to(good)
        # the error may come before the batch ahead of it, with which the
        # damaged segment is dropped
        verified = harness.run('store', 'verify', self.store).returncode == 0
        there = self.n_stored() if verified else self.n_batches - 2
        self.assertLess(there, self.n_batches)
        repair = 'false' if verified else 'true'
        self.assertEqual(self.go_on(expected, f'repair={repair}'),
                         self.n_batches - there)

    def test_manifest(self):
        expected = self.plain()
        self.go_on(expected)
        manifest = self.store / 'manifest.json'
        good = manifest.read_bytes()
        for bad in (b'', b'garbage', b'{}', good[:-30],
                    good.replace(b'"segment-000002', b'"segment-000004')):
            manifest.write_bytes(bad)
            before = content(self.store)
            for more in ((), ('repair=true',)):
                if more and b'"sha256"' in bad and bad.endswith(b'}\n'):
                    continue
                self.failed(harness.run(*self.command(*more)), self.store)
                self.assertEqual(content(self.store), before)
        manifest.unlink()
        before = content(self.store)
        self.failed(harness.run(*self.command()), self.store, 'manifest.json')
        self.assertEqual(content(self.store), before)
        self.assertEqual(self.go_on(expected, 'repair=true'), self.n_batches)
        self.assertEqual(manifest.read_bytes(), good)

    def test_begun_and_no_more(self):
        """the run was killed when there was a manifest and nothing else"""
        expected = self.plain()
        self.go_on(expected)
        before = content(self.store)
        manifest = json.loads(before['manifest.json'])
        for path in self.store.iterdir():
            path.unlink()
        manifest['segments'] = []
        manifest['complete'] = None
        (self.store / 'manifest.json').write_text(json.dumps(manifest))
        self.assertEqual(self.go_on(expected), self.n_batches)
        self.assertEqual(content(self.store), before)

    def test_file_size_limit(self):
        """a full disk, in a segment or in the manifest"""
        expected = self.plain()
        self.go_on(expected)
        largest = max(path.stat().st_size for path in self.store.iterdir())
        failures = 0
        for size in (0, 100, 1000, 2000, 5000, largest // 2, largest - 1):
            shutil.rmtree(self.store)
            result = harness.run(
                *self.command(), preexec_fn=lambda: resource.setrlimit(
                    resource.RLIMIT_FSIZE, (size, size)))
            with self.subTest(f'{size} bytes'):
                self.failed(result, 'File too large', self.store)
                self.assertFalse(self.output.exists())
                failures += 1
                if (self.store / 'manifest.json').exists():
                    self.check(0, 'store', 'verify', self.store)
                self.go_on(expected)
        self.assertEqual(failures, 7)

    def test_small_disk(self):
        if not mounts():
            self.skipTest('cannot mount')
        expected = self.plain()
        disk = self.folder / 'disk'
        disk.mkdir()
        kept = self.store
        script = ('mount -t tmpfs -o size="$1" none "$2" || exit 9; disk=$2;'
                  'kept=$3; shift 3; "$@"; code=$?; '
                  'cp -r "$disk/store" "$kept"; exit $code')
        for size in ('8k', '64k', '200k'):
            self.store = disk / 'store'
            result = subprocess.run(
                ['unshare', '-rm', 'sh', '-c', script, 'sh', size, disk, kept,
                 harness.PROGRAM, *self.command()], text=True,
                capture_output=True, timeout=harness.TIMEOUT)
            self.store = kept
            with self.subTest(size):
                self.failed(result, 'No space left', 'room')
                self.assertFalse(self.output.exists())
                if (kept / 'manifest.json').exists():
                    self.check(0, 'store', 'verify', kept)
                self.go_on(expected)
                shutil.rmtree(kept)

    def test_little_memory(self):
        """what does not fit in memory goes to the folder, or to a file without
        a name; where there is no room for that it is an error"""
        self.dump = storefiles.repeat_dump('many_values',
                                           self.folder / 'long', 20)
        store, dashboard = storefiles.dump_arguments(self.dump)
        self.arguments = ['from-dump', *store, *dashboard]
        expected = self.plain()
        self.assertEqual(self.go_on(expected, 'max-memory=1048576'), 160)
        temporary = self.folder / 'tmp'
        temporary.mkdir()
        spills = ['run', '--quiet', *self.arguments, 'max-memory=1048576',
                  f'output={self.output}']
        self.check(0, *spills, env={**os.environ, 'TMPDIR': str(temporary)})
        self.assert_same(self.output, expected)
        self.assertEqual(os.listdir(temporary), [])
        shutil.rmtree(self.output)
        if not mounts():
            self.skipTest('cannot mount')
        script = ('mount -t tmpfs -o size=200k none "$TMPDIR" || exit 9; '
                  '"$@"; code=$?; ls -A "$TMPDIR"; exit $code')
        result = subprocess.run(
            ['unshare', '-rm', 'sh', '-c', script, 'sh', harness.PROGRAM,
             *spills], text=True, capture_output=True,
            timeout=harness.TIMEOUT,
            env={**os.environ, 'TMPDIR': str(temporary)})
        self.failed(result, 'No space left', temporary)
        self.assertEqual(result.stdout, '')
        self.assertFalse(self.output.exists())

    def test_read_only(self):
        if not mounts():
            self.skipTest('cannot mount')
        expected = self.plain()
        script = ('mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" '
                  '|| exit 9; shift; exec "$@"')
        self.go_on(expected)
        self.truncate(self.store / segments(self.store)[3])
        before = content(self.store)
        for more in ((), ('repair=true',)):
            result = subprocess.run(
                ['unshare', '-rm', 'sh', '-c', script, 'sh', self.store,
                 harness.PROGRAM, *self.command(*more)], text=True,
                capture_output=True, timeout=harness.TIMEOUT)
            self.failed(result, self.store, 'Read-only' if more else 'damaged')
            self.assertEqual(content(self.store), before)
        self.assertEqual(self.go_on(expected, 'repair=true'), 2)

    @unittest.skipUnless(FAILSYNC, 'a sanitizer is loaded first')
    def test_failing_sync(self):
        """whichever it is, there is one error, and the store is valid"""
        expected = self.plain()
        failures = 0
        for n in (*range(1, 12), 30, 60, 80, 81, 82, 83, 84, 85, 86):
            environment = {**os.environ, 'LD_PRELOAD': FAILSYNC,
                           'ACT_FAIL_SYNC': str(n)}
            result = harness.run(*self.command(), env=environment)
            with self.subTest(f'sync {n}'):
                self.failed(result, 'cannot sync', 'Input/output error')
                failures += 1
                self.assertFalse(self.output.exists())
                if (self.store / 'manifest.json').exists():
                    self.check(0, 'store', 'verify', self.store)
                self.go_on(expected)
            shutil.rmtree(self.store)
        self.assertGreaterEqual(failures, 15)


    @unittest.skipUnless(FAILSYNC, 'a sanitizer is loaded first')
    def test_sync_of_a_folder(self):
        """what became read-only fails, at a file or at its folder; what cannot
        be synced at all does not"""
        expected = self.plain()
        for n in range(1, 7):
            for number, fails in ((errno.EROFS, True), (errno.EINVAL, False)):
                environment = {**os.environ, 'LD_PRELOAD': FAILSYNC,
                               'ACT_FAIL_SYNC': str(n),
                               'ACT_FAIL_SYNC_ERRNO': str(number)}
                with self.subTest(f'sync {n}, {errno.errorcode[number]}'):
                    result = harness.run(*self.command(), env=environment)
                    if fails:
                        self.failed(result, 'cannot sync', self.store,
                                    'Read-only file system')
                        self.assertFalse(self.output.exists())
                    else:
                        self.assertEqual(result.returncode, 0, result.stderr)
                        self.assert_same(self.output, expected)
                        shutil.rmtree(self.output)
                shutil.rmtree(self.store)


class Kills(Stops):
    """SIGKILL at moments spread over all of the run: storing, draining and the
    writing of the dashboard."""
    counted = 'actdumpsrc'

    def setUp(self):
        super().setUp()
        dump = storefiles.repeat_dump('many_values', self.folder / 'dump', 12)
        store, dashboard = storefiles.dump_arguments(dump)
        self.arguments = ['from-dump', *store, *dashboard, 'segment-size=1']
        # its own folder for temporary files, to see what is left there
        self.temporary = self.folder / 'tmp'
        self.temporary.mkdir()
        self.environment = {**os.environ, 'TMPDIR': str(self.temporary)}

    def is_stored(self):
        try:
            return storefiles.manifest_of(self.store)['complete'] is not None
        except FileNotFoundError:
            return False

    def killed_after(self, seconds, stored=False):
        """Runs and kills it then, or so long after all is stored; -> whether
        that was before its end."""
        process = subprocess.Popen([harness.PROGRAM, *self.command()],
                                   env=self.environment)
        try:
            while stored and process.poll() is None and not self.is_stored():
                pass
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        self.assertIn(process.returncode, (0, -signal.SIGKILL))
        self.assertEqual(os.listdir(self.temporary), [])
        return process.returncode != 0

    def phase(self):
        """how far the run was that was killed"""
        if not (self.store / 'manifest.json').exists():
            return 'begin'
        self.check(0, 'store', 'verify', self.store)
        if storefiles.manifest_of(self.store)['complete'] is None:
            return 'storing'
        return 'drain'

    def timed(self):
        start = time.monotonic()
        self.check(0, *self.command(), env=self.environment)
        shutil.rmtree(self.output)
        return time.monotonic() - start

    def finish(self, expected):
        self.check(0, *self.command(), env=self.environment)
        self.assert_same(self.output, expected)
        self.tidy(self.store)
        self.assertEqual(os.listdir(self.temporary), [])
        # nor beside them: what a killed run had begun to write is swept
        self.assertEqual(sorted(os.listdir(self.folder)),
                         ['d', 'dump', 'plain', 'store', 'tmp'])
        shutil.rmtree(self.output)

    def test_kills(self):
        expected = self.plain()
        self.check(0, *self.command(), env=self.environment)
        shutil.rmtree(self.output)
        shutil.rmtree(self.store)
        whole = self.timed()
        again = self.timed()
        chooser = random.Random(11)
        phases = []
        n_tries = 0
        while len(phases) < N_KILLS:
            if self.store.exists():
                shutil.rmtree(self.store)
            limit, first = whole, True
            # again and again with the same store
            while first or chooser.random() < 0.5:
                # however slow other work makes a run, some are killed late
                late = n_tries % 5 == 4
                moment = (n_tries + chooser.random()) % 10 / 10 * limit
                if late:
                    moment = chooser.random() * again / 2
                n_tries += 1
                if self.killed_after(moment, stored=late):
                    phases.append(self.phase())
                elif first and not late:
                    # other work may have made the measured run a slow one
                    whole *= 0.95
                else:
                    again *= 0.95
                # killed or not: it is whole, or not there
                if self.output.exists():
                    self.assert_same(self.output, expected)
                    shutil.rmtree(self.output)
                if phases and phases[-1] == 'drain':
                    limit = again
                first = False
            self.finish(expected)
        for phase in ('storing', 'drain'):
            self.assertGreater(phases.count(phase), 2, phases)

    def test_kills_of_a_merge(self):
        stores = []
        for k in range(3):
            stores.append(self.folder / f'shard-{k}')
            self.check(0, 'run', '--quiet', *self.arguments,
                       f'output={self.output}', 'overwrite=true',
                       f'store={stores[-1]}', f'shard-index={k}',
                       'shard-count=3')
        merge = ['merge', '--quiet', *map(str, stores), '--segment-size', '1']
        start = time.monotonic()
        self.check(0, *merge, '--output', self.folder / 'whole')
        seconds = time.monotonic() - start
        expected = content(self.folder / 'whole')
        n_killed = 0
        for moment in range(8):
            process = subprocess.Popen(
                [harness.PROGRAM, *merge, '--output', self.store])
            try:
                process.wait(seconds * (moment + 1) / 9)
            except subprocess.TimeoutExpired:
                process.kill()
            code = process.wait()
            self.assertIn(code, (0, -signal.SIGKILL))
            n_killed += code != 0
            whole = (self.store / 'manifest.json').exists() and \
                storefiles.manifest_of(self.store)['complete'] is not None
            if not whole and moment % 3 == 0:
                self.check(0, *merge, '--output', self.store)
                whole = True
            # else the next one goes on
            if whole:
                self.check(0, 'store', 'verify', self.store)
                # of a kill just after the last manifest: nothing new is in it
                (self.store / 'segments.jsonl').unlink(missing_ok=True)
                self.assert_same(self.store, expected)
                shutil.rmtree(self.store)
        self.assertGreater(n_killed, 0)


if __name__ == '__main__':
    harness.main()
