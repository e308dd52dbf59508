# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of plans share: a plan over a golden case several times over,
and what a run without shards gives."""

import json
import os
import subprocess

import harness
import storefiles
from harness import content

N_SHARDS = 8
REQUEUE, MISSING = 75, 3


class Case(storefiles.Case):
    silence = 60

    def setUp(self):
        super().setUp()
        self.dump = storefiles.repeat_dump('many_values',
                                           self.folder / 'dump', 5)
        store, self.dashboard = storefiles.dump_arguments(self.dump)
        self.variables = [*store, 'segment-size=2']
        self.plan = self.folder / 'plan.json'
        self.shards = self.folder / 'shards'
        self.merged = self.folder / 'merged'

    def make_plan(self, n=N_SHARDS):
        self.check(0, 'shard', '--plan', self.plan, '--shards', str(n),
                   '--silence', str(self.silence), 'shard-dump',
                   *self.variables)

    def shard(self, k):
        return self.shards / f'shard-{k:05}'

    def command(self, k, *more):
        return ['run', '--quiet', '--plan', self.plan, '--shard', str(k),
                *more]

    def make(self, *shards, more=()):
        for k in shards:
            self.check(0, *self.command(k, *more))

    def start(self, k, *more):
        return subprocess.Popen([harness.PROGRAM, *self.command(k, *more)],
                                stderr=subprocess.PIPE, text=True)

    def expected(self):
        """what one run without shards gives"""
        self.check(0, 'run', '--quiet', 'from-dump', *self.variables,
                   *self.dashboard, f'output={self.folder}/plain')
        return content(self.folder / 'plain')

    def merge(self, *more):
        self.check(0, 'merge', '--quiet', '--plan', self.plan, '--output',
                   self.merged, *more)
        self.check(0, 'store', 'verify', self.merged)

    def assert_merged(self, expected):
        output = self.folder / 'from-store'
        self.check(0, 'run', '--quiet', 'from-store',
                   f'stores={self.merged}', f'output={output}',
                   'overwrite=true', *self.dashboard)
        self.assert_same(output, expected)

    def refused(self, code, result, *needles):
        self.assertEqual(result.returncode, code,
                         result.stdout + result.stderr)
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertTrue(lines[0].startswith('error: '), lines)
        for needle in needles:
            self.assertIn(str(needle), lines[0])

    def locks(self):
        return sorted(name for name in os.listdir(self.shards)
                      if '.lock' in name)

    def n_stored(self, k):
        return sum(entry['batches'] for entry in
                   storefiles.manifest_of(self.shard(k))['segments'])

    def read_plan(self):
        return json.loads(self.plan.read_text())
