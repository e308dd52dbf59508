#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a dashboard folder with Python's standard library alone and prints
the clusters that fire on the fewest different tokens (by entropy, of those
that fire 100 times or more), with these tokens.

    show_dashboard.py FOLDER [NUMBER_OF_CLUSTERS]
"""

import json
import pathlib
import sys

MIN_FIRINGS = 100


def bytes_of_characters():
    """The byte behind each character that byte-level tokenizers show."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {chr(byte): byte for byte in plain}
    others = [byte for byte in range(256) if byte not in plain]
    table.update({chr(256 + i): byte for i, byte in enumerate(others)})
    return table


def readable(token, table):
    """A raw token string (Ġthe) as text, in quotes."""
    if all(character in table for character in token):
        raw = bytes(table[character] for character in token)
        token = raw.decode('utf-8', 'replace')
    return json.dumps(token, ensure_ascii=False)


def read_lines(path):
    with path.open(encoding='utf-8') as lines:
        return [json.loads(line) for line in lines]


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    n_shown = int(sys.argv[2]) if len(sys.argv) == 3 else 10
    clusters = read_lines(folder / 'clusters.jsonl')
    n_texts = len(read_lines(folder / 'text_samples.jsonl'))
    table = bytes_of_characters()

    def tokens(cluster):
        return cluster['stats']['token_activations']

    frequent = [cluster for cluster in clusters
                if tokens(cluster)['total_activations'] >= MIN_FIRINGS]
    frequent = frequent or clusters
    frequent.sort(key=lambda cluster: tokens(cluster)['entropy'])

    print(f'{len(clusters)} clusters over {n_texts} samples')
    print(f'{"cluster":16} {"parts":>5} {"firings":>8}  on')
    for cluster in frequent[:n_shown]:
        shown = '  '.join(
            f'{readable(token["token"], table)} {token["count"]}'
            for token in tokens(cluster)['top_tokens'][:6])
        print(f'{cluster["cluster_hash"]:16} {len(cluster["components"]):5} '
              f'{tokens(cluster)["total_activations"]:8}  {shown}')


if __name__ == '__main__':
    main()
