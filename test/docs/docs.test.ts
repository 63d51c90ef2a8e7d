import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { nodeFiles, run, type Env, type Output } from '@flotilla/cli';
import { settings } from '@flotilla/control-plane';
import { systemClock, systemRandom } from '@flotilla/kit';
import { commands as agentCommands } from '../../node-agent/src/commands/registry.js';
import { preflightChecks } from '../../node-agent/src/steps/preflight/preflight.js';
import { readManifests } from '../../cli/src/manifest/read.js';
import { flagOf } from '../../control-plane/src/config/load.js';
import { argvOf, blocksOf, commandsOf, inlineCode, linkedFiles, pages, pageText, places, root } from './markdown.js';

const home = mkdtempSync(join(tmpdir(), 'flotilla-docs-'));
// What `apply -f pool.yaml` and the like of the pages need to be understood.
writeFileSync(join(home, 'pool.yaml'), 'kind: NodePool\nmeta: {name: web}\ncluster: demo\nspec: {size: 8}\n');
afterAll(() => rmSync(home, { recursive: true }));

const texts = pages().map((page) => ({ page, text: pageText(page) }));
const blocks = texts.flatMap(({ page, text }) => blocksOf(page, text));
const lines = commandsOf(blocks).map((command) => ({ ...command, where: `${command.page}:${command.line}` }));
const inSentences = texts.flatMap(({ page, text }) => inlineCode(text).map((code) => ({ where: page, text: code })));
/** What stands for a reader's own value. */
const stands: Readonly<Record<string, string>> = { VERSION: 'v1.34.4', NAME: 'edge-7', ARCH: 'amd64' };

interface Spoken {
  readonly where: string;
  readonly text: string;
  readonly argv: readonly string[];
}

function calls(program: string, among: readonly { where: string; text: string }[]): Spoken[] {
  return among.flatMap(({ where, text }) => {
    const argv = argvOf(program, text)?.map((word) => stands[word] ?? word) ?? [];
    return argv.length === 0 || text.includes('…') ? [] : [{ where, text, argv }];
  });
}

interface Said {
  readonly code: number;
  readonly stderr: string;
}

/** Runs the line in a home where nobody has logged in: what can be meant ends there, what cannot ends as wrong usage. */
async function parse(argv: readonly string[]): Promise<Said> {
  let stderr = '';
  const output = (write: (text: string) => void): Output => ({ isTTY: false, columns: 100, rows: 0, write });
  const env: Env = {
    stdin: { isTTY: false, readLine: () => Promise.resolve(undefined), readAll: () => Promise.resolve('') },
    stdout: output(() => undefined),
    stderr: output((text) => (stderr += text)),
    vars: {},
    homeDir: home,
    workDir: home,
    tempDir: home,
    runOnTerminal: () => Promise.resolve(1),
    clock: systemClock,
    random: systemRandom,
    files: nodeFiles(systemClock, systemRandom),
    signal: new AbortController().signal,
  };
  return { code: await run(argv, env), stderr };
}

describe('blocks', () => {
  test('of commands say whose terminal they are for', () => {
    const unknown = blocks.filter(
      ({ page, language, place }) =>
        language === 'sh' && page !== 'README.md' && !places.some((known) => known === place),
    );
    expect(unknown.map(({ page, line }) => `${page}:${line}`)).toEqual([]);
    expect(lines.length).toBeGreaterThan(40);
  });
});

describe('flotilla', () => {
  const typed = calls('flotilla', lines);
  const named = calls('flotilla', inSentences).filter(({ text }) => text !== 'flotilla backup');

  test('is called in every page for operators', () => {
    expect(new Set(typed.map(({ where }) => where.replace(/:.*/, '')))).toEqual(
      new Set(['docs/getting-started.md', 'docs/operations.md', 'docs/security.md']),
    );
  });

  test.each(typed)('$where: $text', async ({ argv }) => {
    const { code, stderr } = await parse(argv);
    expect(code, stderr).not.toBe(2);
  });

  // A sentence may name a command without its arguments, or one that asks before it acts.
  test.each(named)('$where: $text', async ({ argv }) => {
    const { code, stderr } = await parse(argv);
    if (code === 2) expect(stderr).toMatch(/missing required argument|required option|CONFIRMATION_NEEDED|goes with:/i);
  });

  test('has no backup, as operations.md says', async () => {
    expect((await parse(['backup'])).stderr).toContain("Unknown command 'backup'");
  });

  test('with a slip in it would be found', async () => {
    expect((await parse(['get', 'nodes', '--al'])).code).toBe(2);
    expect((await parse(['remove', 'pool', 'x'])).code).toBe(2);
    expect((await parse(['get', 'nodes'])).stderr).toContain('NOT_LOGGED_IN');
  });
});

describe('manifests', () => {
  const shown = blocks.filter(({ language, place }) => language === 'yaml' && place === 'manifest');
  test.each(shown.map((block) => [`${block.page}:${block.line}`, block] as const))(
    '%s can be applied',
    (_at, block) => {
      const { manifests, problems } = readManifests(block.lines.join('\n'), 'pool.yaml');
      expect(problems).toEqual([]);
      expect(manifests).toHaveLength(1);
    },
  );
});

describe('flotilla-server', () => {
  const flags = new Set(['config', 'help', ...settings.map(({ key }) => flagOf(key))]);
  const cases = [
    ...calls('flotilla-server.mjs', lines),
    // The line of the log by which one knows that it is up.
    ...calls('flotilla-server', inSentences).filter(({ text }) => text !== 'flotilla-server is ready'),
  ];

  test('is started by the page', () => expect(cases.map(({ argv }) => argv[0])).toContain('run'));

  test.each(cases)('$where: $text', ({ argv: [command = '', ...rest] }) => {
    expect(['run', 'check-config', 'artifacts', 'version']).toContain(command);
    const unknown = rest.filter((word) => word.startsWith('--') && !flags.has(word.slice(2)));
    expect(unknown).toEqual([]);
  });

  test('has every setting that the YAML shows', () => {
    const keys = blocks
      .filter(({ language, place }) => language === 'yaml' && place !== 'manifest')
      .flatMap((block) => block.lines.map((line) => line.replace(/:.*/, '')));
    expect(keys).toEqual(['publicUrl']);
    expect(settings.map(({ key }) => key)).toEqual(expect.arrayContaining(keys));
  });
});

describe('flotilla-agent', () => {
  const cases = calls('flotilla-agent', [...lines, ...inSentences]);

  test.each(cases)('$where: $text', ({ argv: [name, ...rest] }) => {
    const command = agentCommands.find((each) => each.name === name);
    expect(command?.name).toBe(name);
    for (const word of rest.filter((each) => each.startsWith('--')))
      expect(command?.flags.map((flag) => `--${flag.name}`)).toContain(word);
  });

  test('has the preflight checks that operations.md lists, in that order', () => {
    const text = pageText('docs/operations.md');
    const section = text.slice(text.indexOf('## Preflight checks'), text.indexOf('## Exit codes'));
    const names = preflightChecks.map(({ name }) => name);
    expect(inlineCode(section).filter((code) => names.includes(code))).toEqual(names);
  });
});

describe('what is named exists', () => {
  const scripts = Object.keys(
    // The manifest of this repository has the shape that npm demands.
    (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts,
  );

  test.each(texts)('links of $page', ({ page, text }) => {
    const missing = linkedFiles(text).filter((target) => !existsSync(join(root, dirname(page), target)));
    expect(missing).toEqual([]);
  });

  test.each(texts)('files and npm scripts of $page', ({ text }) => {
    const named = [...text.matchAll(/`((?:[a-z0-9-]+\/)+[a-z0-9.-]+\.(?:ts|md|sh))`/g)].map((match) => match[1] ?? '');
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const run = [...text.matchAll(/npm (?:run ([a-z-]+)|(test))/g)].map((match) => match[1] ?? match[2] ?? '');
    expect(run.filter((script) => !scripts.includes(script))).toEqual([]);
  });
});
