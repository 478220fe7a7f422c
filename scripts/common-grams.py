#!/usr/bin/env python3
"""Counts the four-byte pieces of source code and writes the commonest to src/rule/common-grams.tsv.

  scripts/common-grams.py FOLDER...      any folders of source code; 60 MB are enough

The prefilter searches for the rarest piece of each keyword (src/rule/rarity.rs); the table only
decides how fast a scan is, never what it finds. Bytes are folded as the prefilter folds them: bit
0x20 set, which turns capital letters into small ones. Needs numpy.
"""
import os
import random
import sys

import numpy

LIMIT = 60_000_000
KEPT = 20000
ENDINGS = ('.rs', '.md', '.c', '.h', '.py', '.js', '.ts', '.toml', '.json', '.go', '.java')


def main():
    files = [os.path.join(at, name) for folder in sys.argv[1:] for at, _, names in os.walk(folder)
             for name in names if name.endswith(ENDINGS)]
    random.seed(2)
    random.shuffle(files)
    pieces, total = [], 0
    for path in files:
        with open(path, 'rb') as file:
            text = numpy.frombuffer(file.read(150_000), dtype=numpy.uint8)
        if len(text) < 8:
            continue
        text = (text | 0x20).astype(numpy.uint32)
        pieces.append(text[:-3] << 24 | text[1:-2] << 16 | text[2:-1] << 8 | text[3:])
        total += len(pieces[-1])
        if total > LIMIT:
            break
    grams, counts = numpy.unique(numpy.concatenate(pieces), return_counts=True)
    best = sorted(numpy.argsort(-counts, kind='stable')[:KEPT], key=lambda at: grams[at])
    here = os.path.dirname(os.path.abspath(__file__))
    with open(f'{here}/../src/rule/common-grams.tsv', 'w') as out:
        for at in best:
            out.write(f'{grams[at]:08x}\t{round(-8 * numpy.log2(counts[at] / total))}\n')


if __name__ == '__main__':
    main()
