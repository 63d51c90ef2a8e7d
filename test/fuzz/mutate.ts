import type { Random } from '@flotilla/kit';

/** Values at which lengths, tags and numbers tend to break. */
const edges: readonly (readonly number[])[] = [
  [0x00],
  [0x7f],
  [0x80],
  [0xff],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0x00, 0x00, 0xc0, 0x7f],
  [0xed, 0xa0, 0x80],
  [0x0b],
  [0x0a, 0xff, 0xff, 0xff, 0xff, 0x07],
];
/** Words at which text parsers tend to break. */
const words = [
  '',
  '\0',
  '\n',
  '-',
  '..',
  '{',
  '[',
  '&a *a',
  '!!js/undefined x',
  '1e999',
  '__proto__',
  '\u{1f600}',
  '"',
];

type Mutator = (input: Uint8Array, corpus: readonly Uint8Array[], random: Random) => Uint8Array;

const int = (random: Random, below: number): number => Math.floor(random.fraction() * below);

function splice(input: Uint8Array, at: number, remove: number, insert: Uint8Array | readonly number[]): Uint8Array {
  return Uint8Array.from([...input.subarray(0, at), ...insert, ...input.subarray(at + remove)]);
}

const mutators: readonly Mutator[] = [
  (input, _corpus, random) => {
    // Not slice(): a Buffer's shares its memory.
    const copy = Uint8Array.from(input);
    const at = int(random, copy.length);
    if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << int(random, 8));
    return copy;
  },
  (input, _corpus, random) => input.slice(0, int(random, input.length + 1)),
  (input, _corpus, random) => splice(input, int(random, input.length + 1), 0, edges[int(random, edges.length)] ?? []),
  (input, _corpus, random) => splice(input, int(random, input.length + 1), 1, random.bytes(1)),
  (input, _corpus, random) => splice(input, int(random, input.length + 1), int(random, 16), []),
  (input, _corpus, random) => {
    const from = int(random, input.length + 1);
    const part = input.slice(from, from + 1 + int(random, 64));
    return splice(input, int(random, input.length + 1), 0, part);
  },
  (input, corpus, random) => {
    const other = corpus[int(random, corpus.length)] ?? input;
    return splice(input, int(random, input.length + 1), input.length, other.slice(int(random, other.length + 1)));
  },
  (input, _corpus, random) =>
    splice(input, int(random, input.length + 1), int(random, 4), Buffer.from(words[int(random, words.length)] ?? '')),
  // One field, very often: what a list or a map of somebody else's making may hold.
  (input, _corpus, random) => {
    const from = int(random, input.length + 1);
    const part = [...input.subarray(from, from + 1 + int(random, 12))];
    const times = 1 + int(random, 300);
    return splice(input, from, 0, Array.from({ length: times }, () => part).flat());
  },
];

/** An input made from one of the corpus by one to four changes. The same seed makes the same inputs. */
export function mutate(corpus: readonly Uint8Array[], random: Random): Uint8Array {
  let input = corpus[int(random, corpus.length)] ?? new Uint8Array();
  const rounds = 1 + int(random, 4);
  for (let round = 0; round < rounds; round++) {
    const mutator = mutators[int(random, mutators.length)];
    if (mutator !== undefined) input = mutator(input, corpus, random);
  }
  return input;
}
