#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a dashboard folder with Python's standard library alone and prints
the clusters that fire most often, with the tokens they fire on.

    show_dashboard.py FOLDER [NUMBER_OF_CLUSTERS]
"""

import json
import pathlib
import sys


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

    def firings(cluster):
        return cluster['stats']['token_activations']['total_activations']

    print(f'{len(clusters)} clusters over {n_texts} samples')
    print(f'{"cluster":16} {"parts":>5} {"firings":>8} {"tokens":>7}  most often')
    for cluster in sorted(clusters, key=firings, reverse=True)[:n_shown]:
        tokens = cluster['stats']['token_activations']
        shown = '  '.join(
            f'{readable(t["token"], table)} {t["count"]}'
            for t in tokens['top_tokens'][:6])
        print(f'{cluster["cluster_hash"]:16} {len(cluster["components"]):5} '
              f'{firings(cluster):8} {tokens["total_unique_tokens"]:7}  {shown}')


if __name__ == '__main__':
    main()
