import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { ApiKey, EnrollmentToken, Member, Node, Project, Role, SyncArtifactsResponse } from '@flotilla/proto';
import { commands } from './registry.js';
import { demo, machine, runningNode, workers } from './testing/examples.js';
import { useStage } from './testing/setup.js';

const stage = useStage();

/** Examples whose other half is HTTP of the mirror: `commands/artifacts.test.ts` runs them. */
const elsewhere: readonly string[] = [
  'flotilla artifacts export v1.34.4 -f bundle.tar',
  'flotilla artifacts import bundle.tar',
];

/** Examples that are to fail, with their exit code. */
const failing: Readonly<Record<string, number>> = { 'flotilla diff -f pool.yaml': 1 };

beforeEach(async () => {
  const { server, terminal } = stage;
  const { fleet } = server;
  const [bravo, charlie, edge7, rack12] = ['bravo', 'charlie', 'edge-7', 'rack-12'].map((name) =>
    runningNode(name, 'workers'),
  );
  fleet.caPin = server.certificates.caPin;
  fleet.clusters = [demo];
  fleet.pools = ['workers', 'batch'].map((name) => ({
    ...workers,
    meta: workers.meta && { ...workers.meta, name, id: `pol_${name}` },
    status: workers.status && { ...workers.status, nodesRunning: 3 },
  }));
  fleet.nodes = [bravo, charlie, edge7, rack12].map((node) => Node.fromPartial(node ?? {}));
  fleet.machines = fleet.nodes.map(({ machineName }) => machine(machineName, { provider: 'aws', region: 'eu-west' }));
  fleet.tokens = [EnrollmentToken.create({ meta: { name: 'f7k2q1', id: 'tok_f7k2q1' } })];
  fleet.keys = [ApiKey.create({ meta: { name: 'ci', id: 'key_ci' }, role: Role.MEMBER })];
  fleet.members = [Member.create({ subject: 'user:ann@example.org', role: Role.READER })];
  fleet.kubeconfig =
    'apiVersion: v1\nkind: Config\nclusters: [{name: a, cluster: {server: "https://h"}}]\nusers: [{name: a, user: {}}]\ncontexts: [{name: a, context: {cluster: a, user: a}}]\ncurrent-context: a\n';
  fleet.sync = [SyncArtifactsResponse.fromPartial({ phase: 'done', result: { arch: 'amd64', files: 1 } })];
  await writeFile(
    join(terminal.home, 'pool.yaml'),
    'kind: NodePool\nmeta: {name: workers}\ncluster: demo\nspec: {size: 5}\n',
  );
  await writeFile(join(terminal.home, 'old.kubeconfig'), 'kind: Config\n');
  for (const name of ['old.example.org', 'fleet.example.org'])
    await terminal.flotilla('login', '--from', 'admin.json', '--name', name);
  terminal.stdinIsTTY = true;
  terminal.stderr.isTTY = true;
});

/** The calls of `flotilla` in one example: both sides of a pipe, the inside of `<(…)`. */
function callsOf(example: string): string[][] {
  return example
    .split(/ \| |[()]| > /)
    .filter((part) => part.startsWith('flotilla '))
    .map((part) => (part.match(/(?:[^\s']*'[^']*'|\S)+/g) ?? []).slice(1).map((word) => word.replaceAll("'", '')));
}

/** What a person types when asked: the name of what the call is about. */
function answerFor(words: readonly string[]): string {
  if (words.includes('-f')) return 'yes';
  return words.filter((word) => !word.startsWith('-'))[2] ?? '';
}

const visible = Object.entries(commands).filter(([, { hidden }]) => hidden !== true);

test('every command has an example', () => {
  expect(visible.filter(([, { examples }]) => examples.length === 0).map(([path]) => path)).toEqual([]);
});

test.each(visible.flatMap(([, { examples }]) => examples.filter((each) => !elsewhere.includes(each))))(
  '%s',
  async (example) => {
    const { server, terminal } = stage;
    const watches = / (-w|-f)( |$)/.test(example.replace(/ -f \S+/, '')) && !/ -f \S/.test(example);
    if (example.includes('--for deleted') || example.includes('create cluster demo')) server.fleet.clusters = [];
    if (example.includes('project shop') && example.includes('delete'))
      server.fleet.projects.push(Project.create({ meta: { name: 'shop', id: 'prj_shop' } }));
    for (const words of callsOf(example)) {
      terminal.answer = answerFor(words);
      terminal.input = terminal.stdout.text;
      const running = terminal.flotilla(...words);
      if (watches) {
        await expect.poll(() => server.watching).toBeGreaterThan(0);
        terminal.interrupt.abort(new Error('interrupted'));
      }
      const code = await running;
      expect({ words, code, said: code === 0 ? '' : terminal.stderr.text }).toMatchObject({
        code: watches ? 130 : (failing[example] ?? 0),
      });
    }
  },
);
