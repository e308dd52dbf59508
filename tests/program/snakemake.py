# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Snakefile: on this machine, with programs that fail; and with jobs that a
Slurm runs."""

import json
import os
import shutil
import stat
import subprocess
import unittest

import harness
import planfiles
import slurmsite
from harness import content

SNAKEFILE = harness.PIPELINES / 'Snakefile'

# fails the first time that a shard is made, and at the first merge of a tree,
# by SIGKILL: as a machine that ran out of memory would
FLAKY = '''#!/bin/sh
case "$*" in
  *"--shard "[03]*|*--part*1/1)
    mark="$MARKS/$(echo "$*" | tr / _ | tail -c 20)"
    if mkdir "$mark" 2>/dev/null; then
      gst-activations "$@" & kill -KILL $! $$
    fi;;
esac
exec gst-activations "$@"
'''


@unittest.skipIf(shutil.which('snakemake') is None,
                 'no snakemake: apt-get install snakemake')
class Case(planfiles.Case):
    def setUp(self):
        super().setUp()
        self.output = self.folder / 'out'
        self.config = self.folder / 'config.json'
        names = dict(word.split('=', 1) for word in self.variables)
        self.settings = {
            'output': str(self.output), 'shards': 8, 'fan': 3, 'silence': 1,
            'description': 'shard-dump', 'variables': names,
            'dashboard': dict(w.split('=', 1) for w in self.dashboard)}

    def snakemake(self, *arguments, environment=None):
        self.config.write_text(json.dumps(self.settings))
        # the one of Debian's Python, not of the tests' own environment
        return subprocess.run(
            ['snakemake', '--snakefile', SNAKEFILE, '--configfile',
             self.config, '--nocolor', *arguments], text=True,
            capture_output=True, cwd=self.folder, timeout=200,
            env=environment or self.environment())

    def environment(self, **more):
        return {**os.environ, 'XDG_CACHE_HOME': str(self.folder / 'cache'),
                'MARKS': str(self.folder / 'marks'), **more}

    def passed(self, result):
        logs = ''.join(f'{path.name}: {path.read_text()}' for path in
                       sorted((self.output / 'logs').glob('*')))
        self.assertEqual(result.returncode, 0, result.stderr + logs)

    def make_flaky(self):
        program = self.description(FLAKY, 'flaky')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        (self.folder / 'marks').mkdir()
        self.settings['program'] = str(program)


class Local(Case):
    def test_whole(self):
        expected = self.expected()
        self.passed(self.snakemake('--cores', '2'))
        self.assert_same(self.output / 'dashboard', expected)
        self.assertTrue((self.output / 'merged-1' / '2').is_dir())
        result = self.snakemake('--cores', '2')
        self.passed(result)
        self.assertIn('Nothing to be done', result.stderr + result.stdout)

    def test_failures(self):
        """what fails is tried again, and goes on"""
        expected = self.expected()
        self.make_flaky()
        result = self.snakemake('--cores', '2')
        self.passed(result)
        self.assert_same(self.output / 'dashboard', expected)
        self.assertGreaterEqual(
            len(list((self.folder / 'marks').iterdir())), 3)
        self.assertIn('Trying to restart', result.stderr)

    def test_bad_input(self):
        """the log of the rule says what is wrong"""
        self.settings['variables']['clusters'] = '/nonexistent'
        result = self.snakemake('--cores', '2')
        self.assertNotEqual(result.returncode, 0)
        self.assertIn('/nonexistent',
                      (self.output / 'logs' / 'plan.log').read_text())


@unittest.skipIf(slurmsite.why_not(), slurmsite.why_not())
class OnSlurm(Case):
    def test_cluster(self):
        expected = self.expected()
        self.make_flaky()
        site = slurmsite.Site(self.folder)
        self.addCleanup(site.stop)
        site.start()
        self.passed(self.snakemake(
            '--jobs', '4', '--latency-wait', '30',
            '--max-status-checks-per-second', '10', '--cluster',
            'sbatch --parsable --requeue --time={resources.runtime}'
            ' --output=/dev/null',
            environment=self.environment(
                SLURM_CONF=site.environment['SLURM_CONF'])))
        self.assert_same(self.output / 'dashboard', expected)


if __name__ == '__main__':
    harness.main()
