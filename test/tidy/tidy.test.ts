import { describe, expect, test } from 'vitest';
import { bannedCalls, bannedWords, importRules, maxFileLines, packages } from './rules.js';
import { foldersOf, importsOf, loadSources, withoutCommentsAndStrings, type Source } from './sources.js';

const sources = loadSources(packages);
const isTest = (path: string): boolean =>
  /\.(test|e2e\.test|conformance)\.ts$|\/(fake|test-support|testing)[-/]|\/fake-[^/]*\.ts$|vitest[^/]*\.config\.ts$|^test\/|^installer\/cases\//.test(
    path,
  );
const production = sources.filter((s) => !isTest(s.path));

test('the rules are read from real sources', () => {
  expect(production.length).toBeGreaterThan(100);
});

describe('who may import whom', () => {
  test('every import is allowed by the table', () => {
    const wrong = production.flatMap((source) => {
      const rule = importRules.find((r) => source.path.startsWith(r.from));
      if (rule === undefined) return [`${source.path}: no row in the import table`];
      const folder = source.path.slice(0, source.path.lastIndexOf('/') + 1);
      const allowed = [rule.from.endsWith('/') ? rule.from : folder, folder, ...rule.may];
      return source.imports
        .filter((i) => !allowed.some((a) => i.startsWith(a)))
        .map((i) => `${source.path} imports ${i}`);
    });
    expect(wrong).toEqual([]);
  });

  test('nothing imports test', () => {
    const wrong = production.filter((s) =>
      s.imports.some((i) => i.startsWith('@flotilla/test') || i.startsWith('test/')),
    );
    expect(wrong.map((s) => s.path)).toEqual([]);
  });

  test('there is no cycle', () => {
    expect(findCycle(production)).toBeUndefined();
  });
});

describe('what may be called where', () => {
  for (const { pattern, instead, homes } of bannedCalls) {
    test(`${pattern.source} only in its home; elsewhere ${instead}`, () => {
      const wrong = production
        .filter((s) => !homes.some((h) => s.path.startsWith(h)))
        .flatMap((s) => s.code.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${s.path}:${i + 1}`] : [])));
      expect(wrong).toEqual([]);
    });
  }
});

describe('size and manners', () => {
  test(`no file is longer than ${maxFileLines} lines`, () => {
    const long = sources.filter((s) => s.text.split('\n').length > maxFileLines + 1).map((s) => s.path);
    expect(long).toEqual([]);
  });

  test('half of the files have at most 120 lines', () => {
    const lengths = production.map((s) => s.text.split('\n').length).sort((a, b) => a - b);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(120);
  });

  test('no merge blockers are left', () => {
    expect(
      sources.filter((s) => s.path !== 'test/tidy/rules.ts' && bannedWords.test(s.text)).map((s) => s.path),
    ).toEqual([]);
  });

  test('file names are kebab-case', () => {
    const wrong = sources.map((s) => s.path).filter((p) => !/^([a-z0-9-]+\/)*[a-z0-9-]+(\.[a-z0-9-]+)*\.ts$/.test(p));
    expect(wrong).toEqual([]);
  });

  test('every folder of sources says in at most ten lines what lives there', () => {
    const wrong = packages.flatMap((name) =>
      [...foldersOf(name)].flatMap(([folder, files]) => {
        if (!files.some((f) => f.endsWith('.ts') && !f.includes('.test.') && f !== 'vitest.config.ts')) return [];
        const inside = folder === name || folder === `${name}/src`;
        return inside || files.includes('README.md') ? [] : [folder];
      }),
    );
    expect(wrong).toEqual([]);
  });
});

describe('the rules themselves', () => {
  test('comments and strings are blanked, code is not', () => {
    const text = "const a = 'Date.now()'; // Date.now()\nDate.now(); /* console.log */ x();";
    expect(withoutCommentsAndStrings(text)).toMatch(/^const a = +; +\nDate\.now\(\); +x\(\);$/);
  });

  test('imports are found in all their forms', () => {
    const text =
      "import { a } from './a.js';\nimport type B from 'b';\nexport * from '../c.js';\nimport 'd';\nconst e = await import('node:e');";
    expect(importsOf('x/y/z.ts', text)).toEqual(['x/y/a', 'b', 'x/c', 'd', 'node:e']);
  });

  test('a cycle is found', () => {
    const fake = (path: string, to: string): Source => ({ path: `${path}.ts`, text: '', code: '', imports: [to] });
    expect(findCycle([fake('a', 'b'), fake('b', 'c'), fake('c', 'b')])).toEqual(['b', 'c', 'b']);
    expect(findCycle([fake('a', 'b'), fake('b', 'c')])).toBeUndefined();
  });
});

/** The first cycle among the files, as a path that ends where it began. */
function findCycle(files: readonly Source[]): string[] | undefined {
  const byName = new Map(files.map((f) => [f.path.replace(/\.ts$/, ''), f]));
  const done = new Set<string>();
  const visit = (name: string, path: string[]): string[] | undefined => {
    const from = path.indexOf(name);
    if (from >= 0) return [...path.slice(from), name];
    if (done.has(name)) return undefined;
    for (const next of byName.get(name)?.imports ?? []) {
      const cycle = byName.has(next) ? visit(next, [...path, name]) : undefined;
      if (cycle !== undefined) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const name of byName.keys()) {
    const cycle = visit(name, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
