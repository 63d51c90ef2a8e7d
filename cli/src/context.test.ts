import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { changeConfig, loadConfig } from './context.js';
import { useStage } from './testing/setup.js';

const stage = useStage();
let admin: string;

beforeEach(() => {
  admin = stage.terminal.vars['FLOTILLA_ADMIN_FILE'] ?? '';
  delete stage.terminal.vars['FLOTILLA_ADMIN_FILE'];
});

describe('login', () => {
  test('asks the server, keeps the context for nobody else to read, and makes it the current one', async () => {
    const { terminal, server } = stage;
    expect(await terminal.flotilla('login', '--from', 'admin.json')).toBe(0);
    const path = join(terminal.home, '.flotilla', 'config');
    const host = `127.0.0.1:${server.port}`;
    expect(terminal.stdout.text).toBe(
      `Logged in at ${server.url} as api-key:bootstrap (Admin of project default).\nContext ${host} is now the current one, kept in ${path}.\n`,
    );
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(terminal.home, '.flotilla'))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(terminal.home, '.flotilla'))).toEqual(['config']);
    expect(await terminal.flotilla('whoami')).toBe(0);
  });

  test('a server that does not take the key leaves nothing behind', async () => {
    const path = await stage.server.writeAdminFile(stage.terminal.home, { apiKey: 'flk_other.secret' });
    expect(await stage.terminal.flotilla('login', '--from', path)).toBe(1);
    expect((await readdir(stage.terminal.home)).sort()).toEqual(['admin.json']);
  });

  test('again for the same server replaces the context, and leaves the others', async () => {
    const { terminal } = stage;
    await terminal.flotilla('login', '--from', 'admin.json');
    await terminal.flotilla('login', '--from', 'admin.json', '--name', 'second');
    await terminal.flotilla('login', '--from', 'admin.json');
    await terminal.flotilla('config', 'contexts');
    const host = `127.0.0.1:${stage.server.port}`;
    expect(
      terminal.stdout.text
        .split('\n')
        .slice(1, 3)
        .map((line) => line.trim().split(/\s+/).slice(0, 2)),
    ).toEqual([
      ['second', stage.server.url],
      ['*', host],
    ]);
  });

  test.each([
    ['{', 'it is not JSON'],
    ['{}', 'server is missing or no text'],
    ['{"server":"http://a"}', 'caPem is missing or no text'],
  ])('%s is refused', async (text, why) => {
    await writeFile(admin, text);
    expect(await stage.terminal.flotilla('login', '--from', admin)).toBe(1);
    expect(stage.terminal.stderr.text).toContain(`refused FILE_INVALID: ${admin} cannot be used: ${why}`);
  });

  test('a CA that is not the one of the pin is refused', async () => {
    const path = await stage.server.writeAdminFile(stage.terminal.home, { caPin: `sha256:${'0'.repeat(64)}` });
    expect(await stage.terminal.flotilla('login', '--from', path)).toBe(1);
    expect(stage.terminal.stderr.text).toMatch(
      /its caPem has the pin sha256:[0-9a-f]{64}, its caPin says sha256:0{64}/,
    );
  });

  test('a file that others may read is refused', async () => {
    await chmod(admin, 0o640);
    expect(await stage.terminal.flotilla('login', '--from', admin)).toBe(1);
    expect(stage.terminal.stderr.text).toBe(
      `refused FILE_EXPOSED: ${admin} holds a key and others may read it (mode 0640).\nRun: chmod 600 ${admin}. If others were on this machine, make a new key: flotilla api-key create.\n`,
    );
  });

  test('without a file it says which', async () => {
    expect(await stage.terminal.flotilla('login')).toBe(2);
    expect(await stage.terminal.flotilla('login', '--from', 'none.json')).toBe(3);
  });
});

describe('contexts', () => {
  test('none yet', async () => {
    expect(await stage.terminal.flotilla('get', 'nodes')).toBe(1);
    expect(stage.terminal.stderr.text).toBe(
      'refused NOT_LOGGED_IN: there is no server to talk to yet.\nLog in with the file that the server wrote at its first start (there: /var/lib/flotilla/admin.json): flotilla login --from admin.json\n',
    );
    expect(await stage.terminal.flotilla('config', 'current-context')).toBe(3);
  });

  test('use, current, delete; a wrong name names the nearest', async () => {
    const { terminal } = stage;
    await terminal.flotilla('login', '--from', 'admin.json', '--name', 'home');
    await terminal.flotilla('login', '--from', 'admin.json', '--name', 'work');
    expect(await terminal.flotilla('config', 'use-context', 'hom')).toBe(3);
    expect(terminal.stderr.text).toBe(
      'failed CONTEXT_NOT_FOUND: there is no context "hom".\nDid you mean home? See: flotilla config contexts\n',
    );
    expect(await terminal.flotilla('config', 'use-context', 'home')).toBe(0);
    await terminal.flotilla('config', 'current-context');
    expect(terminal.stdout.text).toBe('home\n');
    expect(await terminal.flotilla('config', 'delete-context', 'home')).toBe(0);
    await terminal.flotilla('config', 'contexts', '-o', 'json');
    expect(JSON.parse(terminal.stdout.text)).toEqual({
      items: [{ name: 'work', server: stage.server.url, project: 'default', current: false }],
    });
    expect(await terminal.flotilla('whoami')).toBe(1);
    expect(await terminal.flotilla('whoami', '--context', 'work')).toBe(0);
    terminal.vars['FLOTILLA_CONTEXT'] = 'work';
    expect(await terminal.flotilla('whoami')).toBe(0);
  });

  test('$FLOTILLACONFIG moves the file; others may not read it', async () => {
    const { terminal } = stage;
    terminal.vars['FLOTILLACONFIG'] = 'here.yaml';
    await terminal.flotilla('login', '--from', 'admin.json');
    const path = join(terminal.home, 'here.yaml');
    expect(await readFile(path, 'utf8')).toMatch(/^currentContext: 127\.0\.0\.1:/);
    await chmod(path, 0o604);
    expect(await terminal.flotilla('whoami')).toBe(1);
    expect(terminal.stderr.text).toContain('FILE_EXPOSED');
  });

  test.each([
    '[',
    'contexts: 3',
    'contexts: [{name: a}]',
    'contexts: [{name: a, server: "http://x", caPem: x, apiKey: x, project: x}]',
  ])('a broken file (%s) is refused, not overwritten', async (text) => {
    const path = join(stage.terminal.home, 'config.yaml');
    stage.terminal.vars['FLOTILLACONFIG'] = path;
    await writeFile(path, text, { mode: 0o600 });
    expect(await stage.terminal.flotilla('login', '--from', 'admin.json')).toBe(1);
    expect(stage.terminal.stderr.text).toContain('FILE_INVALID');
    expect(await readFile(path, 'utf8')).toBe(text);
  });

  test.each([' ', 'x', '-----BEGIN CERTIFICATE-----'])(
    'without a certificate to trust (%j) nobody is talked to',
    async (caPem) => {
      const path = join(stage.terminal.home, 'config.yaml');
      stage.terminal.vars['FLOTILLACONFIG'] = path;
      const context = { name: 'a', server: stage.server.url, caPem, apiKey: stage.server.apiKey, project: 'default' };
      await writeFile(path, JSON.stringify({ currentContext: 'a', contexts: [context] }), { mode: 0o600 });
      expect(await stage.terminal.flotilla('whoami')).toBe(1);
      expect(stage.terminal.stderr.text).toContain('CONTEXT_INVALID');
      expect(stage.server.calls).toEqual([]);
    },
  );

  test('changes at the same time do not lose each other', async () => {
    const { env } = stage.terminal;
    await stage.terminal.flotilla('login', '--from', 'admin.json', '--name', 'c');
    const [context] = (await loadConfig(env)).contexts;
    if (context === undefined) throw new Error('no context');
    const names = Array.from({ length: 8 }, (_, at) => `c${at}`);
    await Promise.all(
      names.map((name) =>
        changeConfig(env, (config) => ({ ...config, contexts: [...config.contexts, { ...context, name }] })),
      ),
    );
    expect((await loadConfig(env)).contexts.map(({ name }) => name).sort()).toEqual(['c', ...names]);
  });
});
