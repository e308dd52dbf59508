# SPDX-License-Identifier: LGPL-2.1-or-later
"""A planned run in which something goes wrong, in each way there is: nothing is
lost that was complete, there is one clear message, and after the repair the
dashboard is the same, byte for byte."""

import json
import os
import random
import resource
import shlex
import shutil
import signal
import subprocess
import time

import harness
import planfiles
import storefiles
from harness import content
from planfiles import MISSING, N_SHARDS, REQUEUE
from storefiles import segments


def wait_for(condition, process):
    """Until it holds; fails if the process ends before."""
    deadline = time.monotonic() + harness.TIMEOUT
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError('the run ended too early')
        os.sched_yield()


class Case(planfiles.Case):
    # a model that is large enough to be stopped in the middle of a shard
    def use_model(self, n):
        text = self.folder / 'long.txt'
        text.write_bytes((harness.LICENCES / 'GPL-3').read_bytes() * 2)
        self.variables = [*storefiles.SAMPLE, f'text={text}',
                          'segment-size=2']
        self.check(0, 'shard', '--plan', self.plan, '--shards', str(n),
                   '--silence', str(self.silence), 'shard', *self.variables)

    def expected_of_model(self):
        self.check(0, 'run', '--quiet', 'dashboard', *self.variables,
                   f'output={self.folder}/plain')
        return content(self.folder / 'plain')

    def has_segments(self, k, n):
        return lambda: len(segments(self.shard(k))) >= n

    def finish(self, expected, *dashboard):
        self.make(*range(len(self.read_plan()['shards'])),
                  more=('--wait', '--repair'))
        self.assertEqual(self.locks(), [])
        self.merge()
        output = self.folder / 'from-store'
        self.check(0, 'run', '--quiet', 'from-store',
                   f'stores={self.merged}', f'output={output}', *dashboard)
        self.assert_same(output, expected)


class Signals(Case):
    silence = 1

    def test_requeue(self):
        """what schedulers send closes the segment and asks for another go"""
        self.use_model(2)
        expected = self.expected_of_model()
        for number, code in ((signal.SIGTERM, REQUEUE),
                             (signal.SIGUSR1, REQUEUE), (signal.SIGINT, 130)):
            with self.subTest(number.name):
                process = self.start(1)
                with process:
                    wait_for(self.has_segments(1, 3), process)
                    process.send_signal(number)
                    error = process.stderr.read()
                self.assertEqual(process.returncode, code, error)
                self.assertIn('interrupted', error)
                self.assertIn('run it again and it goes on', error)
                self.assertEqual(self.locks(), [])
                self.check(0, 'store', 'verify', self.shard(1))
                there = self.n_stored(1)
                self.assertGreaterEqual(there, 4)
                report = self.folder / 'report.json'
                self.make(1, more=('--report', report))
                self.assertEqual(self.buffers(report, 'actforward'),
                                 self.n_stored(1) - there)
                shutil.rmtree(self.shard(1))
        self.finish(expected)

    def test_requeue_while_waiting(self):
        self.make_plan()
        self.shards.mkdir()
        lock = self.shards / 'shard-00000.lock.1'
        lock.touch()
        os.utime(lock, (2**32, 2**32))
        process = self.start(0, '--wait')
        with process:
            self.assertIn('waiting: ', process.stderr.readline())
            process.send_signal(signal.SIGUSR1)
        self.assertEqual(process.returncode, REQUEUE)
        self.assertEqual(self.locks(), [lock.name, 'shard-00000.lock.now'])
        self.assertFalse(self.shard(0).exists())

    def test_killed(self):
        """what a killed shard leaves is taken over after a silence"""
        self.use_model(2)
        expected = self.expected_of_model()
        process = self.start(0)
        with process:
            wait_for(self.has_segments(0, 2), process)
            process.kill()
        self.assertIn('shard-00000.lock.1', self.locks())
        there = self.n_stored(0)
        # the one that is waited for is refused at once without --wait, if its
        # silence is not over
        os.utime(self.shards / 'shard-00000.lock.1', (2**32, 2**32))
        self.refused(1, harness.run(*self.command(0)), 'is at work on it',
                     '--wait')
        os.utime(self.shards / 'shard-00000.lock.1')
        report = self.folder / 'report.json'
        self.make(0, more=('--wait', '--report', report))
        self.assertEqual(self.buffers(report, 'actforward'),
                         self.n_stored(0) - there)
        self.finish(expected)

    def test_merge_killed(self):
        expected = self.expected()
        self.make_plan()
        self.make(*range(N_SHARDS))
        chooser = random.Random(11)
        for _ in range(5):
            process = subprocess.Popen(
                [harness.PROGRAM, 'merge', '--quiet', '--plan', self.plan,
                 '--output', self.merged, '--segment-size', '1'],
                stderr=subprocess.PIPE)
            wanted = chooser.randint(1, 30)
            with process:
                try:
                    wait_for(lambda: len(segments(self.merged)) >= wanted,
                             process)
                except AssertionError:
                    pass
                process.kill()
            result = harness.run('store', 'verify', self.merged)
            self.assertEqual(result.returncode, 0, result.stderr)
        self.merge()
        self.assert_merged(expected)

    def test_planner_killed(self):
        """there is a plan or there is none"""
        temporary = self.folder / 'tmp'
        temporary.mkdir()
        for n in range(12):
            process = subprocess.Popen(
                [harness.PROGRAM, 'shard', '--plan', self.plan, '--shards',
                 '8', 'shard-dump', *self.variables],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={**os.environ, 'TMPDIR': str(temporary)})
            with process:
                try:
                    process.wait(n * 0.02)
                except subprocess.TimeoutExpired:
                    process.kill()
            if self.plan.exists():
                break
            self.assertFalse(self.shards.exists())
        if not self.plan.exists():
            self.make_plan()
        self.make(0)
        self.assertEqual(self.n_stored(0), 5)


class Together(Case):
    def test_two_at_once(self):
        """the second of two refuses"""
        self.use_model(2)
        expected = self.expected_of_model()
        process = self.start(0)
        with process:
            wait_for(self.has_segments(0, 1), process)
            process.send_signal(signal.SIGSTOP)
            self.refused(1, harness.run(*self.command(0)), 'is at work on it',
                         f'process {process.pid}')
            process.send_signal(signal.SIGCONT)
            error = process.stderr.read()
        self.assertEqual(process.returncode, 0, error)
        self.finish(expected)

    def test_many_at_once(self):
        """of eight that begin together one makes it, others are refused or
        come when it is complete"""
        expected = self.expected()
        self.make_plan(1)
        processes = [self.start(0) for _ in range(8)]
        codes = []
        for process in processes:
            with process:
                error = process.stderr.read()
            codes.append(process.returncode)
            self.assertIn(process.returncode, (0, 1), error)
            self.assertEqual(len(error.splitlines()), process.returncode,
                             error)
        # all may have seen each other; nobody then has begun
        if 0 in codes:
            self.assertEqual(self.n_stored(0), 40)
        self.finish(expected, *self.dashboard)

    def test_waiting(self):
        """all that wait end well, one after the other"""
        expected = self.expected()
        self.make_plan(1)
        processes = [self.start(0, '--wait') for _ in range(4)]
        for process in processes:
            with process:
                error = process.stderr.read()
            self.assertEqual(process.returncode, 0, error)
        self.finish(expected, *self.dashboard)


class Woken(Case):
    silence = 1

    def test_taken_over(self):
        """a process that slept for longer than the silence finds that another
        has taken over, and ends; the shard is as the other has made it"""
        self.use_model(1)
        expected = self.expected_of_model()
        process = self.start(0)
        with process:
            wait_for(self.has_segments(0, 1), process)
            process.send_signal(signal.SIGSTOP)
            # the kernel's own lock of the folder is of one machine; on
            # another there is a copy of what the server has
            other = self.folder / 'other'
            other.mkdir()
            shutil.copytree(self.shard(0), other / 'shard-00000')
            self.shard(0).rename(self.folder / 'slept')
            (other / 'shard-00000').rename(self.shard(0))
            self.make(0, more=('--wait', '--repair'))
            made = content(self.shard(0))
            process.send_signal(signal.SIGCONT)
            error = process.stderr.read()
        self.assertEqual(process.returncode, 1)
        self.assertRegex(error, '^error: .*somebody else has taken over')
        self.assertEqual(len(error.splitlines()), 1, error)
        # what was being written when it ended is of no account
        self.assertEqual({name: data for name, data in content(
            self.shard(0)).items() if not name.startswith('.')}, made)
        self.check(0, 'store', 'verify', self.shard(0))
        self.finish(expected)


class Clocks(Case):
    def test_skew(self):
        """a lease's age is by the file server's clock: whatever the date of
        this machine is, one that is fresh there is respected"""
        self.make_plan()
        self.shards.mkdir()
        lock = self.shards / 'shard-00000.lock.7'
        lock.write_text('another, process 7')
        for date, code in ((None, 1), (2**32, 1), (10**9, 0)):
            os.utime(lock, None if date is None else (date, date))
            result = harness.run(*self.command(0))
            self.assertEqual(result.returncode, code, result.stderr)
            if code == 1:
                self.refused(1, result, lock, 'another, process 7')
        self.assertEqual(self.locks(), [])


class Damage(Case):
    """of what is stored"""

    def setUp(self):
        super().setUp()
        self.result = self.expected()
        self.make_plan()
        self.make(*range(N_SHARDS))
        self.chooser = random.Random(5)

    def test_segments(self):
        for damage in (self.truncate, self.flip, os.unlink, self.empty):
            k = self.chooser.randrange(N_SHARDS)
            path = self.chooser.choice(
                [self.shard(k) / name for name in segments(self.shard(k))])
            with self.subTest(damage.__name__, path=path.name, shard=k):
                others = {j: content(self.shard(j)) for j in range(N_SHARDS)
                          if j != k}
                damage(path)
                damaged = content(self.shard(k))
                repair = (f'gst-activations run --plan {self.quoted_plan()} '
                          f'--shard {k} --repair')
                self.refused(1, harness.run(*self.command(k)), path, repair)
                self.assert_same(self.shard(k), damaged)
                # by its size alone, or by reading it
                seen = damage != self.flip
                self.assert_missing(k if seen else None, path)
                self.assert_missing(k, path, '--verify')
                result = harness.run('merge', '--quiet', '--plan', self.plan,
                                     '--output', self.merged)
                self.refused(MISSING, result, path, repair)
                shutil.rmtree(self.merged, ignore_errors=True)
                self.assertEqual(repair.split()[0], 'gst-activations')
                report = self.folder / 'report.json'
                self.check(0, *shlex.split(repair)[1:], '--quiet', '--report',
                           report)
                self.assertLessEqual(self.buffers(report, 'actdumpsrc'), 2)
                self.assert_missing(None, path, '--verify')
                self.assertEqual(
                    {j: content(self.shard(j)) for j in others}, others)
        self.merge()
        self.assert_merged(self.result)

    def test_manifests(self):
        for damage in (self.truncate, self.flip_text, self.empty):
            k = self.chooser.randrange(N_SHARDS)
            path = self.shard(k) / 'manifest.json'
            good = path.read_bytes()
            damage(path)
            with self.subTest(damage.__name__):
                self.refused(1, harness.run(*self.command(k)), path,
                             '--repair')
                self.assert_missing(k, path)
                result = harness.run('merge', '--plan', self.plan, '--output',
                                     self.merged)
                self.refused(MISSING, result, path, '--repair')
                # nobody knows whose segments they are
                self.make(k, more=['--repair'])
                self.assertEqual(path.read_bytes(), good)
        k = self.chooser.randrange(N_SHARDS)
        os.unlink(self.shard(k) / 'manifest.json')
        result = harness.run('merge', '--plan', self.plan, '--output',
                             self.merged)
        self.refused(MISSING, result, f': {k};')
        self.refused(1, harness.run(*self.command(k)), self.shard(k),
                     'has lost its manifest')
        self.make(k, more=['--repair'])
        self.merge()
        self.assert_merged(self.result)

    def test_merged(self):
        """the merged store: who reads it says what to do, --repair makes it
        again, whatever of it is damaged"""
        self.merge()
        good = content(self.merged)
        segment = segments(self.merged)[1]
        merge = ('merge', '--plan', self.plan, '--output', self.merged)
        for damage, name, seen in (
                (self.flip, segment, False), (self.truncate, segment, True),
                (os.unlink, segment, True), (os.unlink, 'manifest.json', True),
                (self.truncate, 'manifest.json', True),
                (os.unlink, 'clusters.json', True)):
            path = self.merged / name
            damage(path)
            with self.subTest(damage.__name__, name=name):
                self.refused(1, harness.run(
                    'run', 'from-store', f'stores={self.merged}',
                    f'output={self.folder}/d'), self.merged, '--repair: merge')
                if seen:
                    self.refused(1, harness.run(*merge), self.merged,
                                 '--repair makes it again')
                else:
                    self.check(0, *merge)
                self.check(0, *merge, '--repair')
                self.check(0, 'store', 'verify', self.merged)
                self.assertEqual(content(self.merged), good)
        result = self.check(0, *merge, '--repair')
        self.assertEqual(result.stdout, f"'{self.merged}' is complete\n")
        self.assertEqual(result.stderr, '')
        self.assert_merged(self.result)

    def test_merge_repair_spares(self):
        """a folder of somebody else's with a manifest.json of its own"""
        self.merged.mkdir()
        (self.merged / 'manifest.json').write_text('{"name": "app"}')
        (self.merged / 'index.html').write_text('<p>')
        before = content(self.merged)
        self.refused(1, harness.run('merge', '--plan', self.plan, '--output',
                                    self.merged, '--repair'), self.merged)
        self.assertEqual(content(self.merged), before)

    def test_foreign_in_part(self):
        """what is not the plan's is named before it is merged"""
        other = self.folder / 'other'
        other.mkdir()
        plan, self.plan = self.plan, other / 'plan.json'
        self.variables[2] = 'threshold=0.25'
        self.make_plan()
        foreign = other / 'shards' / 'shard-00006'
        self.make(6)
        self.plan = plan
        part = self.folder / 'part'
        self.check(0, 'merge', '--part', foreign, '--output', part)
        merge = ('merge', '--plan', plan, '--part', '--output',
                 self.folder / 'out')
        self.refused(1, harness.run(*merge, part), part, 'threshold',
                     f"remove '{part}' and run it again")
        shutil.rmtree(self.shard(6))
        foreign.rename(self.shard(6))
        remedy = f"remove '{self.shard(6)}' and run it again"
        for stores in ((), ('--part', self.shard(6)),
                       (self.shard(6), self.shard(7), '--part')):
            self.refused(1, harness.run('merge', '--plan', plan, *stores,
                                        '--output', self.folder / 'out'),
                         self.shard(6), 'threshold', remedy)
        self.assertFalse((self.folder / 'out').exists())
        shutil.rmtree(self.shard(6))
        self.refused(MISSING, harness.run(*merge, self.shard(6)),
                     'shard 6 of 8 is not complete')
        self.make(6)
        self.check(0, *merge, self.shard(6), self.shard(7))
        self.merge()
        self.assert_merged(self.result)

    def plan_other(self, n, *more):
        return harness.run('shard', '--plan', self.folder / 'other.json',
                           '--shards', str(n), *more, 'shard-dump',
                           *self.variables)

    def test_other_plan(self):
        """shards of two clusterings do not come together, whatever one does"""
        self.variables[2] = 'threshold=0.25'
        first, plan = self.shards, self.plan
        self.refused(1, self.plan_other(N_SHARDS), f"'{plan}'", '--stores')
        # the first plan is gone, its shards are not
        plan.rename(self.folder / 'plan.kept')
        self.refused(1, self.plan_other(N_SHARDS), '--stores', 'threshold',
                     self.shard(0))
        (self.folder / 'plan.kept').rename(plan)
        result = self.plan_other(N_SHARDS, '--stores', 'others')
        self.assertEqual(result.returncode, 0, result.stderr)
        self.plan = self.folder / 'other.json'
        self.shards = self.folder / 'others'
        self.make(3)
        stores = [first / f'shard-{k:05}' for k in range(N_SHARDS) if k != 3]
        result = harness.run('merge', *stores, self.shard(3), '--output',
                             self.merged)
        self.refused(1, result, 'threshold', self.shard(3))
        # put where the first plan's is
        shutil.rmtree(first / 'shard-00000')
        self.shard(3).rename(first / 'shard-00000')
        self.plan, self.shards = plan, first
        self.refused(1, harness.run(*self.command(0)), self.shard(0),
                     'threshold')
        shutil.rmtree(self.shard(0))
        self.make(0)
        self.merge()
        self.assert_merged(self.result)

    def test_other_cut(self):
        self.plan.unlink()
        self.refused(1, self.plan_other(4), self.shard(0),
                     'shard 0 of 8, expected 0 of 4')
        # the same plan once more goes on with what is there
        before = content(self.shard(7))
        self.make_plan()
        self.assertEqual(content(self.shard(7)), before)
        self.merge()
        self.assert_merged(self.result)

    def test_wrong_values(self):
        """what stands in for the plan's and makes another shard of it is
        refused before anything is stored; a shard that is of something else
        all the same is named, and the others are not kept from being made"""
        other = self.folder / 'other'
        storefiles.repeat_dump('many_values', other, 4)
        shutil.rmtree(self.shard(3))
        for value in (f'dump={other}', 'threshold=0.25', 'iteration=8'):
            with self.subTest(value):
                result = harness.run(*self.command(3, value))
                self.refused(1, result)
                self.assertEqual(segments(self.shard(3)), [])
        self.make(3)
        for name in ('store', 'shard-index', 'shard-count'):
            result = self.check(2, *self.command(3, f'{name}=1'))
            self.assertIn(f"'{name}' of a shard is as its plan says",
                          result.stderr)
        manifest = self.shard(5) / 'manifest.json'
        good = manifest.read_text()
        manifest.write_text(good.replace('"run_samples": ',
                                         '"run_samples": 1'))
        result = self.check(1, 'shard', '--missing', self.plan)
        self.assertEqual(result.stdout, '')
        self.assertRegex(result.stderr, '^shard 5: the input has changed.*'
                         f"remove '{self.shard(5)}'")
        shutil.rmtree(self.shard(6))
        result = self.check(MISSING, 'shard', '--missing', self.plan)
        self.assertEqual(result.stdout, '6\n')
        self.assertEqual(len(result.stderr.splitlines()), 1)
        self.make(6)
        shutil.rmtree(self.shard(5))
        self.make(5)
        self.merge()
        self.assert_merged(self.result)

    def quoted_plan(self):
        return f"'{self.plan}'"

    def assert_missing(self, k, path, *more):
        """what --missing says: this shard, because of this file; or none"""
        result = harness.run('shard', '--missing', self.plan, *more)
        self.assertEqual(result.returncode, 0 if k is None else MISSING,
                         result.stderr)
        self.assertEqual(result.stdout, '' if k is None else f'{k}\n')
        if k is not None:
            self.assertRegex(result.stderr, f"^shard {k}: .*'{path}'")

    def flip(self, path):
        data = bytearray(path.read_bytes())
        data[len(data) // 3] ^= 0x10
        path.write_bytes(data)

    def flip_text(self, path):
        data = path.read_bytes()
        path.write_bytes(data.replace(b'"sha256": "', b'"sha256": "\x00', 1))

    def truncate(self, path):
        with path.open('r+b') as file:
            file.truncate(path.stat().st_size - 3)

    def empty(self, path):
        path.write_bytes(b'')


class Changed(Case):
    """the input, after the plan was made"""

    def test_clusters(self):
        self.make_plan()
        self.make(0)
        clusters = self.dump / 'clusters.json'
        text = clusters.read_text()
        members = json.loads(text)
        next(m for m in members.values() if len(m) > 1).pop()
        clusters.write_text(json.dumps(members))
        self.refused(1, harness.run(*self.command(1)), self.shard(1),
                     'clusters')
        clusters.write_text(text)
        self.make(1)

    def assert_unlike_plan(self, k, what):
        """it says which input, and nothing was stored"""
        self.refused(1, harness.run(*self.command(k)), what,
                     'has changed since the run was planned', f'shard {k} of')
        self.assertEqual(segments(self.shard(k)), [])

    def test_text_grew(self):
        self.use_model(3)
        with (self.folder / 'long.txt').open('a') as file:
            file.write('word ' * 5000)
        for k in range(3):
            self.assert_unlike_plan(k, 'the text')

    def test_other_cut_of_the_text(self):
        """a setting that is not the plan's is named, not the text"""
        self.use_model(3)
        for word, needle in (
                ('batch-size=16', 'batch-size is 8 in the plan'),
                ('n-ctx=64', 'n-ctx is 32 in the plan'),
                ('n-ctx=0', 'n-ctx is 32 in the plan'),
                ('packing=document', 'packing is concat in the plan')):
            result = harness.run(*self.command(1, word))
            self.refused(1, result, needle,
                         f"{word.partition('=')[2]} was given")
            self.assertNotIn('has changed', result.stderr)
            self.assertFalse(self.shard(1).exists())
        self.make(1, more=('batch-size=8', 'n-ctx=32', 'packing=concat'))
        # what is not said is as by default, in either form
        self.variables = [word for word in self.variables
                          if not word.startswith(('n-ctx=', 'batch-size='))]
        self.plan = self.folder / 'by-default' / 'plan.json'
        self.plan.parent.mkdir()
        self.shards = self.plan.parent / 'shards'
        self.check(0, 'shard', '--plan', self.plan, '--shards', '2', 'shard',
                   *self.variables)
        self.make(0, more=('n-ctx=0', 'batch-size=32'))
        self.make(1, more=('n-ctx=128',))

    def test_text_in_another_order(self):
        """as long as before, but files are called otherwise here"""
        text = (harness.LICENCES / 'GPL-3').read_bytes()
        folder = self.folder / 'texts'
        folder.mkdir()
        for name, part in (('a', text[:20000]), ('b', text[20000:])):
            (folder / name).write_bytes(part)
        self.variables = [*storefiles.SAMPLE, f'text={folder}']
        expected = self.expected_of_model()
        self.check(0, 'shard', '--plan', self.plan, '--shards', '3', 'shard',
                   *self.variables)
        swap = ((folder / 'a', folder / 'c'), (folder / 'b', folder / 'a'),
                (folder / 'c', folder / 'b'))
        for old, new in swap:
            old.rename(new)
        for k in range(3):
            self.assert_unlike_plan(k, 'the text')
        for old, new in swap:
            old.rename(new)
        self.finish(expected)

    def test_tokens(self):
        """of one sample: its shard says so, the others are made"""
        self.make_plan(4)
        path = self.dump / 'tokens.npy'
        good = path.read_bytes()
        header = 10 + int.from_bytes(good[8:10], 'little')
        # in the second quarter
        at = header + (len(good) - header) * 3 // 8 & ~7
        path.write_bytes(good[:at] + good[at + 8:at + 16] + good[at:at + 8]
                         + good[at + 16:])
        self.assertNotEqual(path.read_bytes(), good)
        self.assert_unlike_plan(1, self.dump)
        self.make(0, 2, 3)
        path.write_bytes(good)
        self.make(1)


class Disk(Case):
    def test_file_size_limit(self):
        """a full disk, wherever it is noticed"""
        expected = self.expected()
        self.make_plan()
        self.make(0)
        largest = max(path.stat().st_size
                      for path in self.shard(0).iterdir())
        for size in (0, 500, 3000, largest - 1):
            shutil.rmtree(self.shard(0), ignore_errors=True)
            result = harness.run(
                *self.command(0), preexec_fn=lambda: resource.setrlimit(
                    resource.RLIMIT_FSIZE, (size, size)))
            with self.subTest(f'{size} bytes'):
                self.refused(1, result, 'File too large')
                self.assertEqual(self.locks(), [])
                self.make(0)
        self.finish(expected, *self.dashboard)

    def test_small_disk(self):
        if subprocess.run(['unshare', '-rm', 'true'],
                          capture_output=True).returncode != 0:
            self.skipTest('cannot mount')
        expected = self.expected()
        self.make_plan()
        self.shards.mkdir()
        kept = self.folder / 'kept'
        script = ('mount -t tmpfs -o size="$1" none "$2" || exit 9; disk=$2;'
                  'kept=$3; shift 3; "$@"; code=$?; '
                  'cp -r "$disk" "$kept"; exit $code')
        for size in ('8k', '32k'):
            result = subprocess.run(
                ['unshare', '-rm', 'sh', '-c', script, 'sh', size,
                 self.shards, kept, harness.PROGRAM, *self.command(0)],
                text=True, capture_output=True, timeout=harness.TIMEOUT)
            with self.subTest(size):
                self.refused(1, result, 'No space left')
                shutil.rmtree(self.shards)
                kept.rename(self.shards)
                self.make(0)
                shutil.rmtree(self.shards)
                self.shards.mkdir()
        self.finish(expected, *self.dashboard)


if __name__ == '__main__':
    harness.main()
