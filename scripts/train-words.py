#!/usr/bin/env python3
"""Trains the model that tells words from random letters: src/detect/judge/words.tsv.

  scripts/train-words.py FOLDER...      any folders of source code and prose; some 100 MB

Every word of three letters and more (identifiers split where a capital follows a small letter)
counts by the logarithm of how often it occurs, so that rare words have a say. The model is the
probability of a letter after the two before it, 27 symbols with the word's edge, stored as eighths
of a bit: one line for each pair of symbols, one pair of hexadecimal digits for each next symbol.
docs/words-model.md is its card.
"""
import collections
import math
import os
import re
import sys

ENDINGS = ('.rs', '.md', '.c', '.h', '.py', '.js', '.ts', '.toml', '.txt', '.rst', '.html', '.go', '.java')
EDGE = '`'  # stands right before `a`
SYMBOLS = [chr(96 + n) for n in range(27)]


def main():
    words = collections.Counter()
    for folder in sys.argv[1:]:
        for at, _, names in os.walk(folder):
            for name in names:
                if name.endswith(ENDINGS):
                    with open(os.path.join(at, name), errors='replace') as file:
                        text = re.sub('([a-z])([A-Z])', r'\1 \2', file.read(200_000))
                    found = re.findall('[a-z]{3,20}', text.lower())
                    words.update(set(found))  # once a file, so that no one file rules
    counts = collections.defaultdict(lambda: collections.defaultdict(float))
    for word, count in words.items():
        if count < 3:
            continue
        weight = 1 + math.log2(count)
        text = EDGE + EDGE + word + EDGE
        for n in range(2, len(text)):
            counts[text[n - 2:n]][text[n]] += weight
    pairs = collections.defaultdict(lambda: collections.defaultdict(float))
    for pair, following in counts.items():
        for symbol, count in following.items():
            pairs[pair[1]][symbol] += count
    here = os.path.dirname(os.path.abspath(__file__))
    with open(f'{here}/../src/detect/judge/words.tsv', 'w') as out:
        for a in SYMBOLS:
            for b in SYMBOLS:
                following, backoff = counts[a + b], pairs[b]
                total, base = sum(following.values()), sum(backoff.values())
                row = []
                for c in SYMBOLS:
                    # Witten-Bell-like smoothing towards the pair, and that towards even odds.
                    shorter = (backoff[c] + 0.5) / (base + 13.5)
                    kinds = len(following)
                    p = (following[c] + (kinds + 1) * shorter) / (total + kinds + 1)
                    row.append(f'{min(255, round(-8 * math.log2(p))):02x}')
                out.write(f'{a}{b}\t{"".join(row)}\n')
    print(len(words), 'words')


if __name__ == '__main__':
    main()
