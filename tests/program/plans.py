# SPDX-License-Identifier: LGPL-2.1-or-later
"""A run planned as shards, made one by one as machines would, and merged: the
same dashboard, byte for byte, as one run."""

import hashlib
import json
import os
import shutil

import harness
import planfiles
import storefiles
from harness import content
from planfiles import MISSING, N_SHARDS


class Plan(planfiles.Case):
    def test_whole(self):
        expected = self.expected()
        self.make_plan()
        plan = self.read_plan()
        self.assertEqual(plan['run_batches'], 40)
        self.assertEqual([(s['first_batch'], s['batches'], s['store'])
                          for s in plan['shards']],
                         [(5 * k, 5, f'shard-{k:05}')
                          for k in range(N_SHARDS)])
        before = self.plan.read_bytes()
        self.make(*reversed(range(N_SHARDS)))
        self.assertEqual(self.plan.read_bytes(), before)
        self.assertEqual(self.locks(), [])
        self.check(0, 'shard', '--missing', self.plan)
        self.merge()
        self.assert_merged(expected)
        stores = content(self.merged)
        result = self.check(0, 'merge', '--plan', self.plan, '--output',
                            self.merged)
        self.assertIn('is complete', result.stdout)
        self.assertEqual(content(self.merged), stores)
        self.check(0, 'merge', '--quiet', '--plan', self.plan, '--dashboard',
                   self.folder / 'd')
        self.assertNotIn('incomplete', (self.folder / 'd' / 'model_info.json')
                         .read_text())

    def test_tokens(self):
        """their digests in the plan are as docs/formats.md has them"""
        self.make_plan()
        data = (self.dump / 'tokens.npy').read_bytes()
        header = 10 + int.from_bytes(data[8:10], 'little')
        each = (len(data) - header) // 40  # int32

        def sha256(data):
            return hashlib.sha256(data).digest()[:8]

        def digest(batch):
            return sha256(data[header + batch * each:][:each])

        plan = self.read_plan()
        for k, shard in enumerate(plan['shards']):
            numbers = (5 * k, 40, plan['run_samples'])
            expected = b''.join(n.to_bytes(8, 'big') for n in numbers)
            expected += b''.join(digest(5 * k + i) for i in range(5))
            self.assertEqual(shard['tokens'], sha256(expected).hex())

    def test_again(self):
        """what is complete is not made again"""
        self.make_plan()
        self.make(3)
        before = content(self.shard(3))
        (self.dump / 'tokens.npy').unlink()
        result = self.check(0, 'run', '--plan', self.plan, '--shard', '3')
        self.assertEqual(result.stdout,
                         'shard 3 of 8 is complete: 5 batches\n')
        self.assertEqual(content(self.shard(3)), before)
        result = self.check(0, 'run', '--plan', self.plan, '--shard', '3',
                            'dump=/nonexistent', 'threshold=0.3')
        self.assertIn('nothing was made with the value of dump and threshold',
                      result.stdout)

    def test_variable(self):
        """which shard, by what a scheduler sets"""
        self.make_plan()
        common = ['run', '--quiet', '--plan', self.plan, '--shard-from',
                  'ACT_TEST_INDEX']
        for value, offset, shard in (('2', '0', 2), ('8', '-1', 7)):
            self.check(0, *common, '--shard-offset', offset,
                       env={**os.environ, 'ACT_TEST_INDEX': value})
            self.assertTrue((self.shard(shard) / 'manifest.json').exists())
        for value, needle in ((None, 'is not set'), ('8', 'none of the 8'),
                              ('-1', 'none'), ('x', "'x'"), ('', "''")):
            environment = dict(os.environ)
            if value is not None:
                environment['ACT_TEST_INDEX'] = value
            result = harness.run(*common, env=environment)
            self.refused(2, result, 'ACT_TEST_INDEX', needle)
        for more in ((), ('--shard', '1', '--shard-from', 'X')):
            result = harness.run('run', '--plan', self.plan, *more)
            self.refused(2, result, '--shard')

    def test_minutes(self):
        self.check(0, 'shard', '--plan', self.plan, '--minutes', '60',
                   'shard-dump', *self.variables)
        plan = self.read_plan()
        self.assertEqual(len(plan['shards']), 1)
        self.assertGreater(plan['measured']['batch_seconds'], 0)
        self.plan.unlink()
        # so short that a batch is too long: one a shard
        self.check(0, 'shard', '--plan', self.plan, '--minutes', '1e-9',
                   'shard-dump', *self.variables)
        self.assertEqual(len(self.read_plan()['shards']), 40)

    def test_more_shards_than_batches(self):
        expected = self.expected()
        self.make_plan(100)
        self.make(*range(100))
        self.merge()
        self.assert_merged(expected)

    def test_moved(self):
        """the plan's folder goes elsewhere, with the stores in it; paths of
        the input begin where the plan was made"""
        here = self.folder / 'here'
        here.mkdir()
        variables = [v.replace(f'{self.folder}/', '') for v in self.variables]
        self.check(0, 'shard', '--plan', here / 'plan.json', '--shards', '2',
                   'shard-dump', *variables, cwd=self.folder)
        for k, name in enumerate(('here', 'there')):
            if name == 'there':
                here.rename(self.folder / name)
            self.check(0, 'run', '--quiet', '--plan', 'plan.json', '--shard',
                       str(k), cwd=self.folder / name)
        self.check(0, 'merge', '--quiet', '--plan', 'there/plan.json',
                   '--output', self.merged, cwd=self.folder)
        self.assertEqual(len(storefiles.batches_of(self.merged)), 40)

    def test_missing(self):
        self.make_plan()
        result = self.check(MISSING, 'shard', '--missing', self.plan)
        self.assertEqual(result.stdout, '0-7\n')
        command = ['merge', '--plan', self.plan, '--output', self.merged]
        self.refused(MISSING, harness.run(*command), '0-7', 'batches 0-39')
        self.make(0, 2, 3, 7)
        result = self.check(MISSING, 'shard', '--missing', self.plan)
        self.assertEqual(result.stdout, '1,4-6\n')
        self.refused(MISSING, harness.run(*command), ': 1, 4-6;',
                     'batches 5-9, 20-34')
        stores = [self.shard(k) for k in (0, 2, 3, 7)]
        result = harness.run('merge', *stores, '--output', self.merged)
        self.refused(MISSING, result, 'batches 5-9, 20-34')
        self.assertFalse(self.merged.exists())

    def test_incomplete(self):
        """a dashboard of what is there says so"""
        expected = self.expected()
        self.make_plan()
        output = self.folder / 'd'
        command = ['merge', '--quiet', '--plan', self.plan, '--incomplete',
                   '--dashboard', output]
        self.refused(MISSING, harness.run(*command), 'none of the 8 shards')
        self.make(1, 2, 6)
        self.check(0, *command)
        info = (output / 'model_info.json').read_text()
        self.assertIn('"incomplete": "of 40 batches no store has 0-4, 15-29, '
                      '35-39"', info)
        # the same as of a dump of just these batches
        batches = [*range(5, 15), *range(30, 35)]
        part = self.cut_dump(batches)
        store, _ = storefiles.dump_arguments(part)
        self.check(0, 'run', '--quiet', 'from-dump', *store,
                   f'output={self.folder}/part')
        made, wanted = content(output), content(self.folder / 'part')
        self.assertEqual(sorted(made), sorted(wanted))
        same = [name for name in made if made[name] == wanted[name]]
        self.assertEqual(sorted(set(made) - set(same)),
                         ['data/run.js', 'model_info.json'])
        shutil.rmtree(output)
        self.make(*range(N_SHARDS))
        self.check(0, *command)
        self.assertNotIn('incomplete', (output / 'model_info.json')
                         .read_text())
        self.merge()
        self.assert_merged(expected)

    def cut_dump(self, batches):
        """these batches of the dump, as a dump"""
        part = self.folder / 'cut'
        shutil.copytree(self.dump, part, symlinks=True)
        files = [os.readlink(part / f'activations_{b:03}.npy')
                 for b in batches]
        for path in part.glob('activations_*.npy'):
            path.unlink()
        for i, file in enumerate(files):
            (part / f'activations_{i:03}.npy').symlink_to(file)
        data = (self.dump / 'tokens.npy').read_bytes()
        start = 10 + int.from_bytes(data[8:10], 'little')
        shape = storefiles.ast.literal_eval(data[10:start].decode())['shape']
        each = (len(data) - start) // shape[0] * (shape[0] // 40)
        rows = b''.join(data[start + b * each:start + (b + 1) * each]
                        for b in batches)
        header = data[:start].replace(
            str(shape[0]).encode(),
            str(shape[0] // 40 * len(batches)).encode().ljust(
                len(str(shape[0]))), 1)
        (part / 'tokens.npy').write_bytes(header + rows)
        return part

    def test_tree(self):
        """parts merge on, in any order, of any depth"""
        expected = self.expected()
        self.make_plan()
        self.make(*range(N_SHARDS))
        parts = []
        for i, members in enumerate(((0, 1, 2), (3, 4), (5,), (7, 6))):
            parts.append(self.folder / f'part-{i}')
            self.check(0, 'merge', '--quiet', '--part', '--output', parts[-1],
                       *map(self.shard, members))
        middle = self.folder / 'middle'
        self.check(0, 'merge', '--quiet', '--part', parts[2], parts[1],
                   '--output', middle)
        result = harness.run('merge', parts[0], parts[3], '--output',
                             self.merged)
        self.refused(MISSING, result, 'batches 15-29')
        result = harness.run('merge', '--part', parts[0], parts[2],
                             '--output', self.merged)
        self.refused(MISSING, result, 'batches 15-24')
        result = harness.run('merge', middle, parts[3], '--output',
                             self.merged)
        self.refused(MISSING, result, 'batches 0-14')
        self.check(0, 'merge', '--quiet', parts[3], parts[0], middle,
                   '--output', self.merged)
        self.assert_merged(expected)
        whole = self.folder / 'whole'
        self.check(0, 'merge', '--quiet', '--part', *map(
            self.shard, range(N_SHARDS)), '--output', whole)
        self.assertEqual(storefiles.batches_of(whole),
                         storefiles.batches_of(self.merged))
        self.assertEqual(content(whole), content(self.merged))

    def test_not_kept(self):
        """what is not all of a run does not become a store"""
        self.make_plan()
        self.make(1)
        result = harness.run('run', 'merge', f'stores={self.shard(1)}',
                             'completeness=any', f'output={self.merged}')
        self.refused(1, result, 'not all of a run', self.merged)

    def test_plan_exists(self):
        self.make_plan()
        before = self.plan.read_bytes()
        result = harness.run('shard', '--plan', self.plan, '--shards', '2',
                             'shard-dump', *self.variables)
        self.refused(1, result, self.plan, 'exists')
        self.assertEqual(self.plan.read_bytes(), before)

    def test_bad_plans(self):
        self.make_plan()
        good = self.plan.read_text()
        for old, new, needle in (
                ('gst-activations-plan', 'other', '"format"'),
                ('"version": 1', '"version": 2', '"version"'),
                ('"shard_count": 8', '"shard_count": 0', '"shard_count"'),
                ('"lock_silence": 60', '"lock_silence": 0', 'lock_silence'),
                ('"variables": {', '"variables": 3, "x": {', '"variables"'),
                ('"stores": "shards",', '', '"stores"'),
                ('"tokens": "', '"tokens": "x', '"tokens"'),
                ('"tokens": ', '"t": ', '"tokens"'),
                ('"shards": [', '"shards": [{},', '"shards"'),
                ('"description_sha256": "', '"description_sha256": "0',
                 'description'),
                ('"n_clusters"', '"n_klusters"', 'n_clusters'),
                (good[:200], '', self.plan.name)):
            with self.subTest(new):
                self.assertIn(old, good)
                self.plan.write_text(good.replace(old, new, 1))
                self.refused(1, harness.run(*self.command(0)), needle)
                self.assertFalse(self.shard(0).exists())
        self.plan.unlink()
        self.refused(1, harness.run(*self.command(0)), self.plan)

    def test_usage(self):
        for options, needle in (
                (('--shards', '0'), '--shards must be 1 to 1,000,000'),
                (('--shards', '1000001'), '--shards must be 1 to 1,000,000'),
                (('--minutes', '0'), '--minutes must be more than 0'),
                ((), 'one of --shards and --minutes')):
            result = self.check(2, 'shard', '--plan', self.plan, *options,
                                'shard-dump', *self.variables)
            self.assertIn(needle, result.stderr)
        for name in ('store', 'shard-index', 'shard-count'):
            result = self.check(2, 'shard', '--plan', self.plan, '--shards',
                                '3', 'shard-dump', *self.variables,
                                f'{name}=1')
            self.assertIn(f"'{name}' is each shard's own", result.stderr)
            self.assertFalse(self.plan.exists())
        result = self.check(2, 'shard', '--plan', self.plan, '--shards', '3',
                            'from-dump', *self.variables,
                            f'output={self.folder}/d')
        self.assertIn('does not end in a store', result.stderr)
        self.assertFalse((self.folder / 'd').exists())
        self.check(2, 'run', '--plan', self.plan, '--shard', '1', '--devices',
                   '0')
        for option in ('--missing', '--title-of'):
            result = self.check(2, 'shard', option, self.plan, 'model=x')
            self.assertIn('nothing else', result.stderr)
        for arguments in ((), ('--plan', self.plan), ('--shards', '3'),
                          ('--verify', '--plan', self.plan, '--shards', '3',
                           'shard-dump'),
                          ('--plan', self.plan, '--shards', '3'),
                          ('--plan', self.plan, 'shard-dump'),
                          ('--plan', self.plan, '--shards', '3', '--minutes',
                           '1', 'shard-dump'),
                          ('--plan', self.plan, '--shards', '-3',
                           'shard-dump'),
                          ('--plan', self.plan, '--minutes', '-1',
                           'shard-dump'),
                          ('--plan', self.plan, '--shards', '3', '--silence',
                           '0', 'shard-dump'),
                          ('--plan', self.plan, '--shards', '3', 'shard-dump'),
                          ('--plan', self.plan, '--shards', '3', 'nothing'),
                          ('--plan', self.plan, '--shards', '3', 'shard-dump',
                           'dump')):
            result = self.check(2, 'shard', *arguments)
            self.assertIn('error: ', result.stderr)
            self.assertFalse(self.plan.exists())
        for arguments in (('--shard', '1'), ('--wait',), ('--repair',)):
            self.check(2, 'run', *arguments, 'shard-dump')
        for arguments in (('--plan', 'b', '--part', '--output', 'c'),
                          ('a', '--output', 'b', '--incomplete'),
                          ('a', '--output', 'b', '--dashboard', 'c'),
                          ('a', '--part', '--dashboard', 'c'),
                          ('--plan', 'a', '--part', '--output', 'c')):
            self.check(2, 'merge', *arguments)

    def test_title(self):
        """a dashboard says what was run, whatever it is made of"""
        self.make_plan()
        result = self.check(0, 'shard', '--title-of', self.plan)
        self.assertEqual(result.stdout, f'{self.dump}\n')
        self.plan.unlink()
        self.check(0, 'shard', '--plan', self.plan, '--shards', '2', '--title',
                   'Two \'halves\', "one" run', 'shard-dump',
                   *self.variables)
        title = self.read_plan()['title']
        self.assertEqual(title, 'Two \'halves\', "one" run')
        self.make(0, 1)
        self.check(0, 'merge', '--quiet', '--plan', self.plan, '--dashboard',
                   self.folder / 'd')
        info = json.loads((self.folder / 'd' / 'run_info.json').read_text())
        self.assertEqual(info['title'], title)

    def test_print_and_dry_run(self):
        self.make_plan()
        result = self.check(0, *self.command(2, '--print'))
        self.assertIn('shard-index=2 shard-count=8', result.stdout)
        self.check(0, *self.command(2, '--dry-run'))
        self.assertFalse(self.shards.exists())


if __name__ == '__main__':
    harness.main()
