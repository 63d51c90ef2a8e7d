import { FlotillaError } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { settingsHelp } from './help.js';
import { loadConfig } from './load.js';
import { certificateNames, settings, type Config } from './settings.js';

async function load(over: { flags?: string[]; env?: Record<string, string>; file?: string } = {}): Promise<Config> {
  return loadConfig({
    flags: [...(over.flags ?? []), ...(over.file === undefined ? [] : ['--config', 'server.yaml'])],
    env: over.env ?? {},
    loadFile: async () => over.file ?? '',
    host: { name: 'host1', bundleDir: '/opt/flotilla-server/control-plane/dist', workDir: '/work-dir' },
  });
}

async function problems(over: Parameters<typeof load>[0]): Promise<string[]> {
  const error = await load(over).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FlotillaError)) throw new Error('nothing was refused');
  expect(error.code).toBe('CONFIG_INVALID');
  return error.message.split('\n');
}

describe('the configuration', () => {
  it('has a default for everything', async () => {
    expect(await load()).toMatchObject({
      listen: { host: '0.0.0.0', port: 7440 },
      publicUrl: 'https://host1:7440',
      dataDir: '/var/lib/flotilla',
      agentDir: '/opt/flotilla-server/installer/dist',
      artifactsDir: '/var/lib/flotilla/artifacts',
      heartbeatIntervalMs: 5000,
    });
  });

  it('takes flags before the environment before the file', async () => {
    const file = 'listen: 127.0.0.1:1\ndataDir: /file\nlogLevel: warn\n';
    const config = await load({
      file,
      env: { FLOTILLA_LISTEN: '127.0.0.1:2', FLOTILLA_DATA_DIR: '/env' },
      flags: ['--listen=127.0.0.1:3'],
    });
    expect([config.listen.port, config.dataDir, config.logLevel]).toEqual([3, '/env', 'warn']);
  });

  it('counts relative paths from where it was started', async () => {
    expect((await load({ flags: ['--data-dir', '.flotilla/quick'] })).dataDir).toBe('/work-dir/.flotilla/quick');
  });

  it('reports every problem of every source at once, with line and suggestion', async () => {
    const seen = await problems({
      file: 'publicURL: https://a\nheartbeatInterval: 5 minutes\nlisten: 7440\nserverNames:\n  - fleet.example.org\n  - "not a name"\n',
      env: { FLOTILLA_LOG_LEVEL: 'loud' },
      flags: ['--acept-per-second', '5'],
    });
    expect(seen).toEqual([
      '--acept-per-second is not a flag. Did you mean --accept-per-second?',
      'server.yaml:1: publicURL is not a setting. Did you mean publicUrl?',
      'server.yaml:3: listen must be an address and a port such as 0.0.0.0:7440 (is "7440").',
      'server.yaml:4: serverNames has "not a name", which is no name and no address.',
      'FLOTILLA_LOG_LEVEL: logLevel must be one of debug, info, warn, error (is "loud").',
      'server.yaml:2: heartbeatInterval must be 1s to 60s (is "5 minutes").',
    ]);
  });

  it('says where YAML itself is broken', async () => {
    const [first] = await problems({ file: 'listen: [1,\n' });
    expect(first).toMatch(/^server\.yaml:\d+: /);
  });

  it.each(['http://a', 'https://a/path', 'https://a b', 'https://-', 'https://u:p@a', "https://a';id"])(
    'refuses the public URL %s',
    async (url) => {
      expect(await problems({ flags: ['--public-url', url] })).toHaveLength(1);
    },
  );

  it('prints every setting in its help', () => {
    for (const { key, help } of settings) expect(settingsHelp(), key).toContain(help);
  });

  it('puts into the certificate what the server is reached by', async () => {
    const config = await load({
      flags: [
        '--public-url',
        'https://fleet.example.org',
        '--listen',
        '10.0.0.5:7440',
        '--server-names',
        'alias.example.org',
      ],
    });
    expect(certificateNames(config)).toEqual([
      'fleet.example.org',
      '10.0.0.5',
      'alias.example.org',
      'localhost',
      '127.0.0.1',
      '::1',
    ]);
  });
});
