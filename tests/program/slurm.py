# SPDX-License-Identifier: LGPL-2.1-or-later
"""The scripts of pipelines/slurm on a real Slurm of four nodes, all on this
host: a whole run; nodes, tasks and time that fail; a shard that is missing."""

import os
import shutil
import subprocess
import unittest

import harness
import planfiles
import slurmsite
from harness import content
from planfiles import MISSING
from storefiles import SAMPLE, segments

SCRIPTS = harness.PIPELINES / 'slurm'
# a shard that takes as long as one wants, whatever the machine
SLOW = (harness.PIPELINES / 'shard-dump.pipeline').read_text().replace(
    '! actstore', '! identity sleep-time=${delay} ! actstore')


@unittest.skipIf(slurmsite.why_not(), slurmsite.why_not())
class Case(planfiles.Case):
    silence = 2

    def setUp(self):
        super().setUp()
        self.output = self.folder / 'out'
        self.site = slurmsite.Site(self.folder)
        self.addCleanup(self.site.stop)
        self.site.start()

    def make_slow_plan(self, n, seconds):
        self.check(0, 'shard', '--plan', self.plan, '--shards', str(n),
                   '--silence', str(self.silence),
                   self.description(SLOW, 'slow.pipeline'), *self.variables,
                   f'delay={int(seconds * 1e6)}')

    def submit(self, **options):
        environment = {**self.site.environment, 'MERGE_OPTIONS': '--time=5',
                       'SHARD_OPTIONS': '--time=5', **options}
        result = subprocess.run(
            [SCRIPTS / 'submit.sh', self.plan, self.output, *self.dashboard],
            env=environment, text=True, capture_output=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def log(self, name):
        path = self.output / 'logs' / f'{name}.log'
        return path.read_text() if path.exists() else ''

    def assert_dashboard(self, expected):
        self.assertTrue((self.output / 'dashboard').exists(),
                        self.log('merge'))
        self.assert_same(self.output / 'dashboard', expected)
        self.assertEqual(self.locks(), [])

    def wait_for_segment(self, k):
        self.site.wait(lambda: len(segments(self.shard(k))) > 0,
                       f'segment of shard {k}')


class Slurm(Case):
    def test_sample(self):
        """from the sample model, in 8 shards"""
        self.dashboard = []
        text = harness.LICENCES / 'GPL-3'
        self.check(0, 'run', '--quiet', 'dashboard', *SAMPLE, f'text={text}',
                   f'output={self.folder}/plain')
        self.check(0, 'shard', '--plan', self.plan, '--shards', '8', 'shard',
                   *SAMPLE, f'text={text}')
        self.assertIn('shards 0-7', self.submit())
        self.site.wait_for_all()
        self.assert_dashboard(content(self.folder / 'plain'))
        for k in range(8):
            self.assertIn(f'shard {k} is complete', self.log(f'shard-{k}'))
        # once more there is nothing to do but the merge, which says so
        self.assertIn('all shards are complete', self.submit())
        self.site.wait_for_all()
        self.assertIn('is complete\n', self.log('merge'))
        self.assert_dashboard(content(self.folder / 'plain'))

    def test_node_killed(self):
        """in the middle: the task goes to another one and goes on there"""
        expected = self.expected()
        self.make_slow_plan(4, 0.7)
        self.submit()
        self.wait_for_segment(2)
        node, = [words[1] for job, words in self.site.jobs().items()
                 if job.endswith('_2')]
        self.site.kill_node(node)
        self.site.wait_for_all(100)
        self.assert_dashboard(expected)

    def test_missing(self):
        """a task that is gone: the merge says which, and makes nothing; what
        is submitted again is that shard alone"""
        expected = self.expected()
        self.make_slow_plan(4, 0.5)
        self.submit()
        self.wait_for_segment(1)
        job, = [job for job in self.site.jobs() if job.endswith('_1')]
        self.site.run('scancel', job)
        self.site.wait_for_all()
        self.assertIn('missing or not complete: 1;', self.log('merge'))
        self.assertFalse((self.output / 'merged').exists())
        self.assertFalse((self.output / 'dashboard').exists())
        result = self.check(MISSING, 'shard', '--missing', self.plan)
        self.assertEqual(result.stdout, '1\n')
        self.assertIn('shards 1:', self.submit())
        self.site.wait_for_all()
        self.assert_dashboard(expected)


class Damage(Case):
    def test_damage(self):
        """what is damaged is made again without anybody's help: what shows by
        the files when it is submitted, the rest by who merges"""
        expected = self.expected()
        self.make_plan(4)
        self.make(*range(4))
        (self.shard(1) / segments(self.shard(1))[2]).unlink()
        path = self.shard(2) / segments(self.shard(2))[0]
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        self.assertIn('shards 1:', self.submit())
        # the merge submits another, before it ends
        self.site.wait(lambda: (self.output / 'dashboard').exists(),
                       'dashboard')
        self.site.wait_for_all()
        self.assert_dashboard(expected)
        self.assertIn(f"'{path}' is damaged", self.log('merge'))
        self.assertIn('shards 2: job', self.log('merge'))
        for k in (1, 2):
            self.assertIn('repairing: ', self.log(f'shard-{k}'))


    def test_merged(self):
        """what was merged and is damaged, the merge job makes again: its
        manifest, which it sees itself, and a byte, which the dashboard sees"""
        expected = self.expected()
        self.make_plan(4)
        self.make(*range(4))
        merged = self.output / 'merged'
        self.submit()
        self.site.wait_for_all()
        good = content(merged)
        for k, name in enumerate(('manifest.json', segments(merged)[0])):
            shutil.rmtree(self.output / 'dashboard')
            path = merged / name
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 0x80
            path.write_bytes(data)
            self.submit()
            self.site.wait_for_all()
            self.assert_dashboard(expected)
            self.assertEqual(content(merged), good)
            self.assertEqual(self.log('merge').count('repairing: '), k + 1)


class TimeLimit(Case):
    def test_time_limit(self):
        """a task whose time is over stops at a segment's end, is queued again
        and goes on"""
        expected = self.expected()
        self.make_slow_plan(4, 4)
        # Slurm looks at times now and then, and signals up to a minute early
        self.submit(SHARD_OPTIONS='--time=1', WARNING_SECONDS='58')
        self.site.wait_for_all(200)
        logs = ''.join(self.log(f'shard-{k}') for k in range(4))
        self.assertIn('interrupted by signal 10', logs)
        self.assertIn('goes on later', logs)
        self.assert_dashboard(expected)


if __name__ == '__main__':
    harness.main()
