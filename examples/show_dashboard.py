#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads a dashboard folder with Python's standard library alone and prints
the clusters that fire on the fewest different tokens (by entropy, of those
that fire 100 times or more), with these tokens. A byte that is only a part of
a character shows as <0xc3>.

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


TABLE = bytes_of_characters()


def raw_bytes(token):
    """The bytes behind a token string (Ġthe)."""
    if all(character in TABLE for character in token):
        return bytes(TABLE[character] for character in token)
    return token.encode()


def character_at(raw, at):
    """What is shown of the byte there, and how many bytes that takes."""
    for length in range(1, 5):
        try:
            return raw[at:at + length].decode(), length
        except UnicodeDecodeError:
            pass
    return f'<0x{raw[at]:02x}>', 1


def pieces(tokens):
    """(begin, end, text) for each token, or for several neighbours at once
    where a character begins in one and ends in another."""
    raw, owners = b'', []
    for index, token in enumerate(tokens):
        part = raw_bytes(token)
        raw += part
        owners += [index] * len(part)
    texts, joined = [''] * len(tokens), [False] * len(tokens)
    at = 0
    while at < len(raw):
        text, length = character_at(raw, at)
        first, last = owners[at], owners[at + length - 1]
        texts[first] += text
        joined[first + 1:last + 1] = [True] * (last - first)
        at += length
    begin = 0
    for end in range(1, len(tokens) + 1):
        if end == len(tokens) or not joined[end]:
            yield begin, end, ''.join(texts[begin:end])
            begin = end


def text_of(tokens):
    return ''.join(text for _, _, text in pieces(tokens))


def read_json(path):
    """A file of the folder; of .jsonl a list of its lines' values."""
    try:
        with path.open(encoding='utf-8') as file:
            if path.suffix == '.jsonl':
                return [json.loads(line) for line in file]
            return json.load(file)
    except OSError as error:
        sys.exit(f"'{path}' cannot be read: {error.strerror} (expected a "
                 "dashboard's folder)")
    except ValueError as error:
        sys.exit(f"'{path}' is no JSON: {error}")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    if sys.argv[2:] and not sys.argv[2].isdecimal():
        sys.exit(f"'{sys.argv[2]}' is no number of clusters")
    folder = pathlib.Path(sys.argv[1])
    n_shown = int(sys.argv[2]) if sys.argv[2:] else 10
    info = read_json(folder / 'model_info.json')
    clusters = read_json(folder / 'clusters.jsonl')

    def tokens(cluster):
        return cluster['stats']['token_activations']

    frequent = [cluster for cluster in clusters
                if tokens(cluster)['total_activations'] >= MIN_FIRINGS]
    frequent = frequent or clusters
    frequent.sort(key=lambda cluster: tokens(cluster)['entropy'])

    print(f'{len(clusters)} clusters over {info["n_samples"]} samples '
          f'({info["n_texts"]} different)')
    print(f'{"cluster":16} {"parts":>5} {"firings":>8}  on')
    for cluster in frequent[:n_shown]:
        shown = '  '.join(
            f'{json.dumps(text_of([token["token"]]), ensure_ascii=False)} '
            f'{token["count"]}' for token in tokens(cluster)['top_tokens'][:6])
        print(f'{cluster["cluster_hash"]:16} {len(cluster["components"]):5} '
              f'{tokens(cluster)["total_activations"]:8}  {shown}')


if __name__ == '__main__':
    main()
