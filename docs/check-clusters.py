#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts in how many examples of a cluster what is said of it holds.

    check-clusters.py FOLDER [CLUSTER REGEX]

FOLDER is a dashboard whose n-samples is at least the number of samples of the
run (--n-samples 100000), so that it holds every example. An example is a sample in which the cluster
rises above 0.5, looked at where it is highest. Of these the 20 highest are
taken, and 20 by chance (a fixed seed). REGEX is searched in the text round that
place, with the token itself between two brackets: "of the ⟦Program⟧ is". A
line break shows as ↵, a byte that is only a part of a character as <0xc3>.
Without a cluster, those of the README are counted.

Needs NumPy: .venv/bin/python has it once ./test.sh has run; Debian's package is
python3-numpy.
"""

import json
import pathlib
import random
import re
import sys

try:
    import numpy
except ImportError:
    sys.exit('NumPy is missing: run .venv/bin/python docs/check-clusters.py '
             "(./test.sh makes it), or install Debian's python3-numpy")

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / 'examples'))
from show_dashboard import pieces, read_json  # noqa: E402

README = [('run-0-19', '⟦(r|.R)'), ('run-0-180', '⟦.(of|in)⟧')]
N_EXAMPLES = 20
FIRING = 0.5
CONTEXT = 12


class Dashboard:
    def __init__(self, folder):
        self.check_is_whole(folder)
        self.clusters = {cluster['cluster_hash']: cluster for cluster in
                         read_json(folder / 'clusters.jsonl')}
        self.tokens = {text['text_hash']: text['tokens'] for text in
                       read_json(folder / 'text_samples.jsonl')}
        self.rows = read_json(folder / 'activations_map.json')
        self.values = numpy.load(folder / 'activations.npz')['activations']

    def check_is_whole(self, folder):
        """The examples that a criterion does not name cannot be counted."""
        info = read_json(folder / 'model_info.json')
        kept, n_samples = info['settings']['n_samples'], info['n_samples']
        if kept < n_samples:
            sys.exit(f"'{folder}' keeps {kept} samples for each cluster, of "
                     f'{n_samples} in the run: make the dashboard with '
                     f'--n-samples {n_samples} or more')

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
        begin = max(0, position - CONTEXT)
        text = ''
        for first, end, piece in pieces(
                self.tokens[key][begin:position + 1 + CONTEXT]):
            here = first <= position - begin < end
            text += f'⟦{piece}⟧' if here else piece
        return text.replace('\n', '↵')


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
    wanted = [tuple(sys.argv[2:])] if sys.argv[2:] else README
    for name, regex in wanted:
        if name not in dashboard.clusters:
            sys.exit(f"no cluster '{name}' in the dashboard, expected a name "
                     "like 'run-0-19' of one that was ever active")
        try:
            re.compile(regex)
        except re.error as error:
            sys.exit(f"'{regex}' is no regular expression: {error}")
    for name, regex in wanted:
        count(dashboard, name, regex)


if __name__ == '__main__':
    main()
