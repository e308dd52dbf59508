# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Snakefile: on this machine, with programs that fail; and with jobs that a
Slurm runs."""

import json
import os
import shutil
import signal
import stat
import subprocess
import unittest

import harness
import planfiles
import slurmsite
from storefiles import segments

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


# a shard that takes as long as one wants
SLOW = (harness.PIPELINES / 'shard-dump.pipeline').read_text().replace(
    '! actstore', '! identity sleep-time=${delay} ! actstore')


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

    def test_damage(self):
        """of shards that were made: gone before the merge begins, or only seen
        when it reads"""
        expected = self.expected()
        self.passed(self.snakemake('--cores', '2', *(
            f'{self.output}/shards/{k}.done' for k in range(8))))
        self.shards, self.plan = self.output / 'shards', self.output / 'plan.json'
        (self.shard(1) / segments(self.shard(1))[0]).unlink()
        (self.shard(2) / 'manifest.json').write_text('{')
        path = self.shard(6) / segments(self.shard(6))[1]
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
        # the process of a job, which may see old files, takes no mark away
        self.passed(self.snakemake('--cores', '1', '--mode', '2', self.plan))
        self.assertTrue((self.shards / '1.done').exists())
        self.passed(self.snakemake('--cores', '2'))
        self.assert_same(self.output / 'dashboard', expected)
        for k in (1, 2):
            log = (self.output / 'logs' / f'shard-{k}.log').read_text()
            self.assertIn('repairing: ', log)
        logs = ''.join(path.read_text() for path in
                       (self.output / 'logs').glob('merge-*.log'))
        self.assertIn('is damaged', logs)
        info = json.loads((self.output / 'dashboard' / 'run_info.json')
                          .read_text())
        self.assertEqual(info['title'], str(self.dump))

    def flip(self, path):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    def test_damaged_merges(self):
        """what was merged, of some shards or all, and is damaged when it is
        read again"""
        expected = self.expected()
        merged = self.output / 'merged'
        self.passed(self.snakemake('--cores', '2', f'{self.output}/merged.done'))
        self.flip(merged / segments(merged)[0])
        part = self.output / 'merged-1' / '1'
        (part / segments(part)[0]).unlink()
        self.passed(self.snakemake('--cores', '2'))
        self.assert_same(self.output / 'dashboard', expected)
        log = (self.output / 'logs' / 'dashboard.log').read_text()
        self.assertIn('is damaged', log)
        self.assertIn(str(part), log)
        self.check(0, 'store', 'verify', merged)
        for damage in (lambda: (merged / 'manifest.json').write_text('{'),
                       lambda: (merged / 'manifest.json').unlink()):
            damage()
            shutil.rmtree(self.output / 'dashboard')
            (self.output / 'merged.done').unlink()
            self.passed(self.snakemake('--cores', '2'))
            self.assert_same(self.output / 'dashboard', expected)

    def test_foreign_shard(self):
        """alone in its part: it is named; removed, all is as it should be,
        whatever was merged of it before"""
        expected = self.expected()
        self.settings['shards'] = 7
        shard = self.output / 'shards' / 'shard-00006'
        part = self.output / 'merged-1' / '2'
        self.passed(self.snakemake('--cores', '2', *(
            f'{self.output}/shards/{k}.done' for k in range(7))))
        self.plan = self.folder / 'other.json'
        self.shards = self.folder / 'shards'
        self.variables[2] = 'threshold=0.25'
        self.make_plan(7)
        self.make(6)
        shutil.rmtree(shard)
        shutil.copytree(self.shard(6), shard)
        self.settings['retries'] = 0
        result = self.snakemake('--cores', '2')
        self.assertNotEqual(result.returncode, 0)
        log = (self.output / 'logs' / 'merge-1-2.log').read_text()
        self.assertIn(f"remove '{shard}' and run it again", log)
        self.assertFalse(part.exists())
        shutil.rmtree(shard)
        self.check(0, 'merge', '--part', self.shard(6), '--output', part)
        self.passed(self.snakemake('--cores', '2'))
        self.assert_same(self.output / 'dashboard', expected)
        self.check(0, 'merge', '--plan', self.output / 'plan.json', '--part',
                   part, '--output', self.folder / 'of-part')

    def test_other_config(self):
        """in the same output: refused before anything is removed or made"""
        self.passed(self.snakemake('--cores', '2', f'{self.output}/shards/0.done'))
        plan = self.output / 'plan.json'
        before = plan.read_text()
        good = self.settings
        for settings, needle in (
                ({'shards': 5}, 'has 8 shards, the config says 5'),
                ({'variables': {**good['variables'], 'threshold': '0.25'}},
                 "the config says '0.25'"),
                ({'description': 'shard'}, "has description 'shard-dump'")):
            self.settings = {**good, **settings}
            result = self.snakemake('--cores', '2')
            with self.subTest(needle):
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(needle, result.stderr)
                self.assertIn('give another output, or remove', result.stderr)
                self.assertNotIn('Traceback', result.stderr)
                self.assertEqual(plan.read_text(), before)
        self.settings = good
        self.passed(self.snakemake('--cores', '2', '--dry-run'))

    def test_bad_config(self):
        good = dict(self.settings)
        for name, value, needle in (
                ('output', None, "has no 'output'"),
                ('variables', None, "has no 'variables'"),
                ('shards', None, "has no 'shards'"),
                ('shards', 'many', "'shards' is 'many', expected a number"),
                ('fan', 1, "'fan' 2"), ('variables', [], "'variables'")):
            self.settings = dict(good, **{name: value})
            if value is None:
                del self.settings[name]
            with self.subTest(name, value=value):
                result = self.snakemake('--cores', '1')
                self.assertNotEqual(result.returncode, 0)
                self.assertIn(needle, result.stderr)
                self.assertNotIn('Traceback', result.stderr)
                self.assertNotIn('KeyError', result.stderr)

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


@unittest.skipIf(slurmsite.why_not(), slurmsite.why_not())
class Profile(Case):
    """with the profile for Slurm"""

    def setUp(self):
        super().setUp()
        self.site = slurmsite.Site(self.folder)
        self.addCleanup(self.site.stop)
        self.site.start()
        self.settings.update(
            shards=2, description=str(self.description(SLOW, 'slow.pipeline')),
            resources={rule: {'mem_mb': 100, 'runtime': 5} for rule in
                       ('plan', 'shard', 'merge', 'dashboard')})
        self.settings['variables']['delay'] = '400000'
        self.shards = self.output / 'shards'

    def start(self):
        self.config.write_text(json.dumps(self.settings))
        return subprocess.Popen(
            ['snakemake', '--profile', harness.PIPELINES / 'snakemake-slurm',
             '--snakefile', SNAKEFILE, '--configfile', self.config,
             '--nocolor', '--max-status-checks-per-second', '10'],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            cwd=self.folder, env=self.environment(
                SLURM_CONF=self.site.environment['SLURM_CONF']))

    def wait_for_shard(self, k, process):
        self.site.wait(lambda: segments(self.shard(k))
                       or process.poll() is not None, f'segment of shard {k}')
        self.assertIsNone(process.poll())
        return [line.split()[0] for line in self.site.run(
            'squeue', '-h', '-o', '%i %j').splitlines() if 'shard' in line]

    def test_cancelled(self):
        """a job that somebody cancels is tried again"""
        expected = self.expected()
        process = self.start()
        with process:
            jobs = self.wait_for_shard(1, process)
            self.site.run('scancel', jobs[0])
            output, _ = process.communicate(timeout=200)
        self.assertEqual(process.returncode, 0, output)
        self.assertIn('Trying to restart', output)
        self.assert_same(self.output / 'dashboard', expected)

    def test_interrupted(self):
        """Ctrl-C leaves no job behind"""
        process = self.start()
        with process:
            self.wait_for_shard(0, process)
            process.send_signal(signal.SIGINT)
            output, _ = process.communicate(timeout=200)
        self.assertNotEqual(process.returncode, 0)
        self.site.wait_for_all()
        self.assertFalse((self.output / 'dashboard').exists(), output)

    def test_states(self):
        """what the status script says of jobs"""
        script = harness.PIPELINES / 'snakemake-slurm' / 'status.sh'
        ended = []
        for command in ('exit 0', 'exit 3', 'sleep 100'):
            ended.append(self.site.run('sbatch', '--parsable', '--output',
                                       '/dev/null', '--wrap', command).strip())
        self.site.wait(lambda: set(self.site.jobs()) == {ended[2]}, 'end')
        said = [self.site.run(script, job).strip()
                for job in (*ended, f'{ended[0]};test', '99999')]
        self.assertEqual(said, ['success', 'failed', 'running', 'success',
                                'failed'])
        self.site.run('scancel', ended[2])
        self.site.wait_for_all()
        self.assertEqual(self.site.run(script, ended[2]), 'failed\n')


if __name__ == '__main__':
    harness.main()
