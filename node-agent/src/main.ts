import { systemClock, systemRandom } from '@flotilla/kit';
import { dispatch } from './commands/dispatch.js';
import type { CommandPorts } from './commands/command.js';
import { commands } from './commands/registry.js';
import { defaultPlaces, parseProxy } from './config.js';
import { linuxHost } from './host/linux.js';

const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort(new Error('SIGTERM')));
process.on('SIGINT', () => stopping.abort(new Error('SIGINT')));

async function ask(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY) return undefined;
  const { createInterface } = await import('node:readline/promises');
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await prompt.question(question, { signal: stopping.signal });
  } catch {
    return undefined;
  } finally {
    prompt.close();
  }
}

async function main(): Promise<number> {
  // A control plane reached by address makes the TLS of grpc-js warn on each start; nobody can act on it.
  process.noDeprecation = true;
  // Every file of ours is written with its mode; kubeadm and others, our children, expect what an administrator has.
  process.umask(0o022);
  const stateDir = process.env['FLOTILLA_AGENT_STATE_DIR'];
  const configDir = process.env['FLOTILLA_AGENT_CONFIG_DIR'];
  const proxy = parseProxy(process.env);
  // grpc-js reads the small spelling only.
  if (proxy.url !== undefined) process.env['https_proxy'] = proxy.url;
  process.env['no_proxy'] = proxy.except.join(',');
  const ports: CommandPorts = {
    host: linuxHost(proxy),
    clock: systemClock,
    random: systemRandom,
    proxy,
    places: {
      configFile: configDir === undefined ? defaultPlaces.configFile : `${configDir}/agent.json`,
      tokenFile: configDir === undefined ? defaultPlaces.tokenFile : `${configDir}/token`,
      stateDir: stateDir ?? defaultPlaces.stateDir,
    },
    pid: process.pid,
    signal: stopping.signal,
    onRetry: (retry) => void process.on('SIGHUP', retry),
    giveBackMemory: () => void globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' }),
    print: (text) => process.stdout.write(text),
    tell: (text) => process.stderr.write(text),
    ask,
    terminal: {
      live: process.stdout.isTTY,
      colour: process.stdout.isTTY && process.env['NO_COLOR'] === undefined && process.env['TERM'] !== 'dumb',
      columns: process.stdout.columns ?? 100,
    },
  };
  return dispatch(process.argv.slice(2), commands, ports);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `flotilla-agent: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(1);
  },
);
