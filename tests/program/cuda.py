# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program with a CUDA device, which is emulated: --device, --devices, and
the same bytes as on the CPU."""

import json
import os
import re

import harness
import storefiles
from harness import content
from storefiles import GOLDEN

TEXT = harness.LICENCES / 'BSD'

# from-dump, on the device
FROM_DUMP = """
actdumpsrc location=${dump} vocabulary=${vocabulary:-${dump}/vocab.json}
! cudaactupload ! cudaactdeadfilter threshold=${threshold:-0.01}
! queue ! cudaactcluster${reduction:-max} clusters=${clusters}
    run=${run:-run} iteration=${iteration:--1}
! queue ! actstore location=${store:-} segment-size=${segment-size:-16}
    component-records=true
! actdashboardsink location=${output} title=${title:-${dump}}
    n-samples=${n-samples:-20}
    criteria=${criteria:-max_activation-max} hist-bins=${hist-bins:-10}
    activation-threshold=${activation-threshold:-0.5}
    top-n-tokens=${top-n-tokens:-50}
"""


class Cuda(storefiles.Case):
    def setUp(self):
        super().setUp()
        self.none = {**os.environ, 'ACT_EMULATED_DEVICES': '0'}
        self.model = ['--model', harness.SAMPLE, '--text', TEXT, '--n-ctx',
                      '32', '--batch-size', '8']

    def test_same_bytes(self):
        """every file of a dashboard but run_info.json"""
        description = self.folder / 'from-dump-cuda.pipeline'
        description.write_text(FROM_DUMP)
        for case in ('basic', 'dead_components', 'leaky_negative', 'ties'):
            store, dashboard = storefiles.dump_arguments(GOLDEN / case)
            for reduction in ('max', 'mean', 'sum'):
                outputs = []
                for name in ('from-dump', description):
                    outputs.append(
                        self.folder / f'{case}-{reduction}-{len(outputs)}')
                    self.check(0, 'run', '--quiet', name, *store, *dashboard,
                               f'reduction={reduction}',
                               f'output={outputs[-1]}')
                with self.subTest(f'{case}, {reduction}'):
                    self.assertEqual(*map(content, outputs))

    def test_no_device(self):
        """cuda fails at once; auto says that it takes the CPU"""
        result = self.check(1, 'dashboard', *self.model, '--device', 'cuda',
                            '--output', self.folder / 'd', env=self.none)
        self.assertRegex(result.stderr, 'error: there is no CUDA device to run')
        self.assertEqual(result.stderr.count('error'), 1)
        self.check(0, 'dashboard', *self.model, '--quiet', '--output',
                   self.folder / 'cpu')
        result = self.check(0, 'dashboard', *self.model, '--quiet', '--device',
                            'auto', '--output', self.folder / 'auto',
                            '--precision', 'tf32', env=self.none)
        self.assertRegex(result.stderr, r'^device: CPU \(there is no CUDA')
        self.assertEqual(content(self.folder / 'auto'),
                         content(self.folder / 'cpu'))

    def test_missing(self):
        """a device that has no code for it, or no cuBLAS: cuda fails at once,
        auto says which of the two, and takes the CPU"""
        self.check(0, 'dashboard', *self.model, '--quiet', '--output',
                   self.folder / 'cpu')
        for what, text in (
                ('kernels', 'does not run a kernel of this build'),
                ('blas', 'cuBLAS cannot be loaded')):
            environment = {**os.environ, 'ACT_EMULATED_MISSING': what}
            result = self.check(
                1, 'dashboard', *self.model, '--device', 'cuda', '--output',
                self.folder / 'd', env=environment)
            self.assertRegex(result.stderr, f'^error: .*{text}')
            self.assertEqual(result.stderr.count('error'), 1)
            output = self.folder / what
            result = self.check(
                0, 'dashboard', *self.model, '--quiet', '--device', 'auto',
                '--output', output, env=environment)
            self.assertRegex(result.stderr, rf'^device: CPU \(.*{text}')
            self.assertEqual(content(output), content(self.folder / 'cpu'))

    def shards(self, code, devices, store):
        return self.check(
            code, 'run', '--quiet', '--devices', devices, 'store-cuda',
            f'model={harness.SAMPLE}', f'text={TEXT}', 'n-ctx=32',
            'batch-size=4', f'store={store}')

    def test_devices(self):
        """a device that is listed twice has two shards; the store is that of
        one run"""
        plain, store = self.folder / 'plain', self.folder / 'store'
        self.check(0, 'run', '--quiet', 'dashboard-cuda', f'text={TEXT}',
                   f'model={harness.SAMPLE}', 'n-ctx=32', 'batch-size=4',
                   f'output={plain}')
        # the second of these is not there: the first ends too, or has ended
        result = self.shards(1, '0,7', store)
        self.assertIn('there is no CUDA device 7', result.stderr)
        self.assertFalse(store.exists())
        self.shards(0, '0,0', store)
        self.assertEqual([path.name for path in self.folder.glob('store*')
                          if 'of-2' in path.name], [])
        self.check(0, 'store', 'verify', store)
        self.check(0, 'run', '--quiet', 'from-store', f'stores={store}',
                   f'output={self.folder}/merged')
        self.assertEqual(content(self.folder / 'merged'), content(plain))
        result = self.shards(1, '0,0', store)
        self.assertIn('is a complete store already', result.stderr)

    def test_plan(self):
        """it is planned without a device, as what it would be on the CPU, and
        the shards are made on one"""
        values = [f'model={harness.SAMPLE}', f'text={TEXT}', 'n-ctx=32',
                  'batch-size=4']
        plans = []
        for name in ('shard', 'store-cuda'):
            plan = self.folder / name / 'plan.json'
            self.check(0, 'shard', '--plan', plan, '--shards', '2', name,
                       *values, env=self.none)
            plans.append(json.loads(plan.read_text()))
            for field in ('description', 'description_sha256'):
                del plans[-1][field]
        self.assertEqual(*plans)
        result = self.check(1, 'shard', '--plan', self.folder / 'p.json',
                            '--minutes', '1', 'store-cuda', *values,
                            env=self.none)
        self.assertIn('CUDA device', result.stderr)
        for k in ('0', '1'):
            self.check(0, 'run', '--quiet', '--plan', plan, '--shard', k)
        self.check(0, 'merge', '--quiet', '--plan', plan, '--dashboard',
                   self.folder / 'd')
        self.check(0, 'run', '--quiet', 'dashboard-cuda', *values,
                   f'output={self.folder}/plain')
        self.assertEqual(content(self.folder / 'd'),
                         content(self.folder / 'plain'))

    def test_plan_precision(self):
        """that of the products is part of whose run it is, there too"""
        plan = self.folder / 'plan.json'
        self.check(0, 'shard', '--plan', plan, '--shards', '2', 'store-cuda',
                   f'model={harness.SAMPLE}', f'text={TEXT}', 'n-ctx=32',
                   'batch-size=8', 'precision=tf32', env=self.none)
        for k in ('0', '1'):
            self.check(0, 'run', '--quiet', '--plan', plan, '--shard', k)
        self.check(0, 'merge', '--quiet', '--plan', plan, '--output',
                   self.folder / 'merged')
        result = self.check(2, 'shard', '--plan', self.folder / 'q' / 'p.json',
                            '--shards', '2', 'store-cuda', 'model=/m',
                            'text=/t', 'precision=fp8', env=self.none)
        self.assertIn("precision 'fp8', expected fp32", result.stderr)

    def test_on_device(self):
        """--device auto takes it and says so"""
        output = self.folder / 'cuda'
        result = self.check(0, 'dashboard', *self.model, '--quiet',
                            '--device', 'auto', '--output', output)
        self.assertEqual(result.stderr,
                         "device: CUDA ('emulated device 0')\n")
        self.check(0, 'dashboard', *self.model, '--quiet', '--device', 'cuda',
                   '--threads', '1', '--output', self.folder / 'again')
        self.assertEqual(content(output), content(self.folder / 'again'))

    def test_variables(self):
        """the description for a device has those of the one for the CPU"""
        names = []
        for name in ('dashboard', 'dashboard-cuda'):
            result = self.check(0, 'run', '--list', name)
            names.append(set(re.findall('^ *([a-z0-9-]+)', result.stdout,
                                        re.MULTILINE)))
        self.assertEqual(names[0] - names[1], {'threads'})
        self.assertEqual(names[1] - names[0], {
            'precision', 'cuda-device-id', 'memory-budget'})

    def test_usage(self):
        for options, text in (
                (('--device', 'tpu'), '--device takes cpu, cuda or auto'),
                (('--precision', 'tf32'), '--precision is for --device cuda')):
            result = self.check(2, 'dashboard', *self.model, *options,
                                '--output', self.folder / 'd')
            self.assertIn(text, result.stderr)
        for options, text in (
                (('x', 'store-cuda', 'store=/s'), "not 'x'"),
                (('0', 'store-cuda'), 'needs store=DIR'),
                (('0', 'dashboard-cuda', 'store=/s', 'output=/o'),
                 'has no output'),
                (('0', 'store-cuda', 'store=/s', 'shard-index=1'),
                 "has its own 'shard-index'")):
            result = self.check(2, 'run', '--devices', *options)
            self.assertIn(text, result.stderr)


if __name__ == '__main__':
    harness.main()
