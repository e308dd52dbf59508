#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts in how many examples of a cluster what is said of it holds.

    check-clusters.py FOLDER [CLUSTER REGEX]

FOLDER is a dashboard whose n-samples is at least the number of samples of the
run, so that it holds every example. An example is a sample in which the cluster
rises above 0.5, looked at where it is highest. Of these the 20 highest are
taken, and 20 by chance (a fixed seed). REGEX is searched in the text round that
place, with the token itself between two brackets: "of the ⟦Program⟧ is". A
line break shows as ↵. Without a cluster, those of the README are counted.
Needs NumPy.
"""

import json
import pathlib
import random
import re
import sys

import numpy

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / 'examples'))
from show_dashboard import bytes_of_characters, read_lines  # noqa: E402

README = [('run-0-19', '⟦(r|.R)'), ('run-0-180', '⟦.(of|in)⟧')]
N_EXAMPLES = 20
FIRING = 0.5
CONTEXT = 12


class Dashboard:
    def __init__(self, folder):
        self.clusters = {cluster['cluster_hash']: cluster for cluster in
                         read_lines(folder / 'clusters.jsonl')}
        self.tokens = {text['text_hash']: text['tokens'] for text in
                       read_lines(folder / 'text_samples.jsonl')}
        self.rows = json.loads(
            (folder / 'activations_map.json').read_text(encoding='utf-8'))
        self.values = numpy.load(folder / 'activations.npz')['activations']
        self.table = bytes_of_characters()

    def text_of(self, tokens):
        raw = b''.join(
            bytes([self.table[c] for c in token])
            if all(c in self.table for c in token) else token.encode()
            for token in tokens)
        return raw.decode('utf-8', 'replace').replace('\n', '↵')

    def examples(self, name):
        """(activation, sample's hash, position), highest first"""
        found = []
        for key in dict.fromkeys(
                self.clusters[name]['criterion_samples'][self.criterion(name)]):
            row = self.values[self.rows[f'{name}|{key}']]
            position = int(row.argmax())
            if row[position] > FIRING:
                found.append((float(row[position]), key, position))
        return found

    def criterion(self, name):
        for criterion in self.clusters[name]['criterion_samples']:
            if criterion.startswith('max_activation-max-'):
                return criterion
        sys.exit('the dashboard was made without max_activation-max')

    def context(self, key, position):
        tokens = self.tokens[key]
        return (self.text_of(tokens[max(0, position - CONTEXT):position])
                + '⟦' + self.text_of([tokens[position]]) + '⟧'
                + self.text_of(tokens[position + 1:position + 1 + CONTEXT]))


def count(dashboard, name, regex):
    examples = dashboard.examples(name)
    chance = random.Random(0).sample(examples, min(N_EXAMPLES, len(examples)))
    print(f'{name}: {regex}, {len(examples)} examples')
    for title, chosen in (('top', examples[:N_EXAMPLES]), ('chance', chance)):
        n_right = 0
        for activation, key, position in chosen:
            context = dashboard.context(key, position)
            right = re.search(regex, context) is not None
            n_right += right
            print(f'  {title:6} {"yes" if right else "NO ":3} '
                  f'{activation:.3f}  {context}')
        print(f'{name}: {n_right} of {len(chosen)} ({title})')


def main():
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__)
    dashboard = Dashboard(pathlib.Path(sys.argv[1]))
    for name, regex in [tuple(sys.argv[2:])] if sys.argv[2:] else README:
        count(dashboard, name, regex)


if __name__ == '__main__':
    main()
