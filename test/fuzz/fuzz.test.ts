import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seededRandom } from '@flotilla/kit';
import { describe, expect, test } from 'vitest';
import { mutate } from './mutate.js';
import { round, tryInput } from './round.js';
import { targets } from './targets.js';

const corpusDir = join(dirname(fileURLToPath(import.meta.url)), 'corpus');

describe('mutated inputs', () => {
  test('are the same for the same seed and differ from what they were made of', () => {
    const corpus = [Uint8Array.from(Buffer.from('hello world'))];
    const made = (seed: number): string[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 50 }, () => Buffer.from(mutate(corpus, random)).toString('base64'));
    };
    expect(made(1)).toEqual(made(1));
    expect(made(1)).not.toEqual(made(2));
    expect(new Set(made(1)).size).toBeGreaterThan(30);
  });

  test.each(targets.map((target) => [target.name, target] as const))(
    '%s refuses them or reads them',
    async (_name, target) => {
      const { findings, inputs } = await round(target, 1_000, seededRandom(20), () => performance.now());
      expect(findings).toEqual([]);
      expect(inputs).toBe(1_000);
    },
  );

  test.each(targets.map((target) => [target.name, target] as const))('%s takes its corpus', async (_name, target) => {
    for (const input of target.corpus) await target.run(input);
    expect(target.corpus.length).toBeGreaterThan(0);
  });

  test('a parser that throws something of its own is found', async () => {
    const broken = {
      name: 'broken',
      corpus: [Uint8Array.from([1, 2, 3])],
      run: (bytes: Uint8Array): void => {
        if (bytes.length === 0) throw new TypeError('empty');
      },
    };
    const { findings } = await round(broken, 1_000, seededRandom(1), () => 0);
    expect(findings.length).toBeGreaterThan(0);
    expect(findings[0]).toMatchObject({ target: 'broken', problem: 'TypeError: empty' });
  });
});

describe('what once failed', () => {
  const names = existsSync(corpusDir) ? readdirSync(corpusDir) : [];
  const cases = names.flatMap((name) => readdirSync(join(corpusDir, name)).map((file) => [name, file] as const));
  test.each(cases)('%s/%s is taken or refused', async (name, file) => {
    const target = targets.find((t) => t.name === name);
    if (target === undefined) throw new Error(`there is no target ${name}`);
    expect(await tryInput(target, readFileSync(join(corpusDir, name, file)))).toBeUndefined();
  });
  test('every folder of the corpus is a target', () => {
    expect(names.filter((name) => !targets.some((t) => t.name === name))).toEqual([]);
  });
});
