#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tokens per second of the forward pass: actforward's core, PyTorch with as
many threads, and the core's matrix products alone.

    forward_pytorch.py build/tests/bench/bench-forward samples/licences-model

The three take turns, so that whatever else the machine does hits all alike;
medians are printed. On a machine that others use too, --clock cpu counts
processor time instead (of all threads, also while they wait for each other). PyTorch computes what the core computes (no logits, no
last MLP output), in float32, with whichever batch suits it best, and leaves
its results dense and apart.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('bench')
    parser.add_argument('model')
    parser.add_argument('--threads', default='1,2')
    parser.add_argument('--samples', type=int, default=32)
    parser.add_argument('--length', type=int, default=128)
    parser.add_argument('--rounds', type=int, default=25)
    parser.add_argument('--clock', choices=('wall', 'cpu'), default='wall')
    parser.add_argument('--torch-batches', default='2,8,32')
    return parser.parse_args()


class Model:
    """LlamaSimpleMLP with shared_mlp importances."""

    def __init__(self, folder):
        import torch
        from safetensors.torch import load_file
        with open(os.path.join(folder, 'config.json')) as f:
            self.config = c = json.load(f)
        weights = load_file(os.path.join(folder, 'model.safetensors'))
        self.w = {k: v.float() for k, v in weights.items()}
        self.size = c['n_embd'] // c['n_head']
        angles = torch.outer(
            torch.arange(c['n_ctx'], dtype=torch.float64),
            c['rotary_base'] ** (-torch.arange(0, self.size, 2, dtype=torch.float64) / self.size))
        self.cos, self.sin = angles.cos().float(), angles.sin().float()
        self.modules = {m['name'] for m in c['modules']}
        self.mask = torch.full((c['n_ctx'], c['n_ctx']), float('-inf')).triu(1)

    def head(self, name, x, out):
        import torch
        if name not in self.modules:
            return
        n = len(self.config['ci_fn_hidden_dims'])
        prefix = '_ci_fns.%s.layers.' % name.replace('.', '-')
        for i in range(n + 1):
            x = torch.addmm(self.w[f'{prefix}{2 * i}.b'], x, self.w[f'{prefix}{2 * i}.W'])
            if i < n:
                x = torch.nn.functional.gelu(x)
        out.append(x.clamp_(0, 1))

    def norm(self, x, name):
        import torch
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.config['rms_norm_eps']) \
            * self.w[f'target_model.{name}.weight']

    def rotate(self, x, length):
        import torch
        a, b = x.chunk(2, -1)
        c, s = self.cos[:length, None], self.sin[:length, None]
        return torch.cat((a * c - b * s, b * c + a * s), -1)

    def attention(self, q, k, v, batch, length):
        import torch
        n_head, n_kv = self.config['n_head'], self.config['n_key_value_heads']
        q = self.rotate(q.view(batch, length, n_head, self.size), length).transpose(1, 2)
        k = self.rotate(k.view(batch, length, n_kv, self.size), length).transpose(1, 2)
        v = v.view(batch, length, n_kv, self.size).transpose(1, 2)
        k = k.repeat_interleave(n_head // n_kv, 1)
        v = v.repeat_interleave(n_head // n_kv, 1)
        scores = torch.matmul(q * self.size ** -0.5, k.transpose(2, 3))
        scores += self.mask[:length, :length]
        mixed = torch.matmul(torch.softmax(scores, -1), v)
        return mixed.transpose(1, 2).reshape(batch * length, -1)

    def run(self, tokens):
        """-> a list of [positions, C], module by module"""
        from torch.nn.functional import gelu, linear
        batch, length = tokens.shape
        out = []
        w = self.w
        x = w['target_model.wte.weight'][tokens.reshape(-1)]
        n_layer = self.config['n_layer']
        for i in range(n_layer):
            h = f'h.{i}.'
            y = self.norm(x, h + 'rms_1')
            qkv = []
            for name in ('q_proj', 'k_proj', 'v_proj'):
                self.head(f'{h}attn.{name}', y, out)
                qkv.append(linear(y, w[f'target_model.{h}attn.{name}.weight']))
            y = self.attention(*qkv, batch, length)
            self.head(h + 'attn.o_proj', y, out)
            x = x + linear(y, w[f'target_model.{h}attn.o_proj.weight'])
            y = self.norm(x, h + 'rms_2')
            self.head(h + 'mlp.c_fc', y, out)
            y = gelu(linear(y, w[f'target_model.{h}mlp.c_fc.weight']), approximate='tanh')
            self.head(h + 'mlp.down_proj', y, out)
            if i + 1 < n_layer:
                x = x + linear(y, w[f'target_model.{h}mlp.down_proj.weight'])
        return out


class Torch:
    def __init__(self, args, threads):
        import torch
        self.clock = time.process_time if args.clock == 'cpu' else time.perf_counter
        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.model = Model(args.model)
        generator = torch.Generator().manual_seed(1)
        self.tokens = torch.randint(
            self.model.config['vocab_size'], (args.samples, args.length), generator=generator)

    def time(self, batch):
        start = self.clock()
        for first in range(0, len(self.tokens), batch):
            self.model.run(self.tokens[first:first + batch])
        return self.clock() - start


class Core:
    def __init__(self, args, threads):
        self.field = 1 if args.clock == 'cpu' else 0
        self.process = subprocess.Popen(
            [args.bench, args.model, str(threads), str(args.samples), str(args.length)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def time(self, what):
        self.process.stdin.write(what + '\n')
        self.process.stdin.flush()
        return float(self.process.stdout.readline().split()[self.field])


def measure(args, threads):
    core, torch = Core(args, threads), Torch(args, threads)
    batches = [int(b) for b in args.torch_batches.split(',')]
    subjects = {name: lambda name=name: core.time(name) for name in ('csr', 'dense', 'products')}
    for batch in batches:
        subjects[f'PyTorch, batch {batch}'] = lambda batch=batch: torch.time(batch)
    for run in subjects.values():
        run()
    times = {name: [] for name in subjects}
    for _ in range(args.rounds):
        for name, run in subjects.items():
            times[name].append(run())
    return {name: statistics.median(t) for name, t in times.items()}


def main():
    args = arguments()
    if ',' in args.threads:
        # the BLAS reads how many threads it has when it is loaded
        for n in args.threads.split(','):
            env = dict(os.environ, OPENBLAS_NUM_THREADS=n, OMP_NUM_THREADS=n)
            command = [sys.executable] + sys.argv + ['--threads', n]
            subprocess.run(command, env=env, check=True)
        return
    threads = int(args.threads)
    times = measure(args, threads)
    n = args.samples * args.length
    torch_best = min(v for k, v in times.items() if k.startswith('PyTorch'))
    print(f'{threads} thread(s), {args.samples} samples of {args.length} tokens, '
          f'medians of {args.rounds} rounds, {args.clock} time')
    for name, t in times.items():
        print(f'  {name:22} {n / t:10,.0f} tokens/s  {1e6 * t / n:7.2f} us/token')
    print(f"  forward (csr) / PyTorch's best: {torch_best / times['csr']:.2f} x as fast")
    print(f"  forward (csr) / products alone: {times['csr'] / times['products']:.2f} x the time")


main()
