import { describe, expect, test } from 'vitest';
import { candidatesFor } from './candidates.js';
import { completionScripts } from './completion-scripts.js';
import { commands } from './registry.js';
import { machine, runningNode } from './testing/examples.js';
import { useStage } from './testing/setup.js';

const stage = useStage();

describe('candidates come from the registry', () => {
  test.each([
    [
      [''],
      [
        'get',
        'describe',
        'events',
        'wait',
        'version',
        'create',
        'token',
        'apply',
        'diff',
        'edit',
        'label',
        'delete',
        'scale',
        'cordon',
        'uncordon',
        'drain',
        'replace',
        'remove',
        'retry',
        'quarantine',
        'release',
        'pause',
        'resume',
        'logs',
        'audit',
        'doctor',
        'support-bundle',
        'artifacts',
        'login',
        'whoami',
        'kubeconfig',
        'config',
        'api-key',
        'member',
        'completion',
      ],
    ],
    [['des'], ['describe']],
    [
      ['token', ''],
      ['create', 'list', 'revoke'],
    ],
    [['get', 'n'], ['nodes']],
    [['wait', 'no'], ['node/']],
    [
      ['get', 'nodes', '--no-'],
      ['--no-headers', '--no-color'],
    ],
    [
      ['get', 'nodes', '-o', 'j'],
      ['json', 'jsonpath='],
    ],
    [
      ['wait', 'node/a', '--for', 'r'],
      ['ready', 'running'],
    ],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['create', 'cluster', 'demo', '--cni', 'f'], ['flannel']],
    [
      ['wait', 'node/a', '--for', 'd'],
      ['drained', 'deleted'],
    ],
    [['create', 'pool', 'x', '--strategy', 'in-place-'], ['in-place-else-replace']],
    [['whoami', ''], []],
    [['nothing', ''], []],
  ])('%j → %j', (line, words) => {
    expect(candidatesFor(line, commands).words).toEqual(words);
  });

  test.each([
    [['get', 'nodes', ''], { names: 'node', prefix: '' }],
    [['get', 'node/e'], { names: 'node', prefix: 'node/' }],
    [['wait', 'np/'], { names: 'pool', prefix: 'np/' }],
    [['delete', 'cluster', ''], { names: 'cluster', prefix: '' }],
    [['label', 'pool', ''], { names: 'pool', prefix: '' }],
    [['edit', 'machine', ''], { names: 'machine', prefix: '' }],
    [['logs', 'node/'], { names: 'node', prefix: 'node/' }],
    [['pause', 'machine', ''], { names: 'machine', prefix: '' }],
    [['member', 'remove', ''], { names: 'member', prefix: '' }],
    [['diff', '-f', ''], { names: 'file', prefix: '' }],
    [['drain', ''], { names: 'node', prefix: '' }],
    [['get', 'nodes', '--context', ''], { names: 'context', prefix: '' }],
    [['apply', '-f', ''], { names: 'file', prefix: '' }],
    [['get', 'nodes', '-l', 'a=b', ''], { names: 'node', prefix: '' }],
    [['delete', 'cluster', 'demo', ''], { names: undefined, prefix: '' }],
  ])('%j asks for %j', (line, wanted) => {
    expect(candidatesFor(line, commands)).toMatchObject({ words: [], ...wanted });
  });
});

describe('flotilla __complete', () => {
  test('names are those of the server', async () => {
    stage.server.fleet.nodes = [runningNode('edge-7', 'w'), runningNode('edge-8', 'w'), runningNode('bravo', 'w')];
    stage.server.fleet.machines = [machine('edge-7', { provider: 'a', region: 'b' })];
    expect(await stage.terminal.flotilla('__complete', '--', 'describe', 'node', 'edge')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('edge-7\nedge-8\n');
    await stage.terminal.flotilla('__complete', '--', 'wait', 'node/b');
    expect(stage.terminal.stdout.text).toBe('node/bravo\n');
  });

  test('options of the line are no options of ours', async () => {
    expect(await stage.terminal.flotilla('__complete', '--', 'get', 'nodes', '--wat')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('--watch\n');
  });

  test('a server that is away is no error in the middle of a line', async () => {
    await stage.server.writeAdminFile(stage.terminal.home, { server: 'https://127.0.0.1:1' });
    expect(await stage.terminal.flotilla('__complete', '--', 'get', 'nodes', '')).toBe(0);
    expect(stage.terminal.stdout.text + stage.terminal.stderr.text).toBe('');
  });

  test('files are the business of the shell', async () => {
    await stage.terminal.flotilla('__complete', '--', 'apply', '-f', 'po');
    expect(stage.terminal.stdout.text).toBe(':file\n');
  });
});

test.each(Object.entries(completionScripts))('completion %s prints its script', async (shell, script) => {
  expect(await stage.terminal.flotilla('completion', shell)).toBe(0);
  expect(stage.terminal.stdout.text).toBe(script);
});
