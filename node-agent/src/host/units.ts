import { FlotillaError } from '@flotilla/kit';
import type { Host } from './host.js';

export interface UnitState {
  readonly known: boolean;
  readonly enabled: boolean;
  readonly active: boolean;
  /** Kept from starting by `systemctl mask`. */
  readonly masked: boolean;
  /** File the unit is read from; empty when unknown. */
  readonly path: string;
  readonly mainPid: number;
}

const timeoutMs = 60_000;

/** What systemd says of a unit. */
export async function readUnit(host: Host, unit: string): Promise<UnitState> {
  const result = await host.run(
    ['systemctl', 'show', unit, '--property=LoadState,UnitFileState,ActiveState,FragmentPath,MainPID'],
    { timeoutMs },
  );
  const value = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(result.stdout)?.[1] ?? '';
  return {
    known: value('LoadState') === 'loaded',
    enabled: value('UnitFileState') === 'enabled',
    active: ['active', 'activating', 'reloading'].includes(value('ActiveState')),
    masked: value('LoadState') === 'masked' || value('UnitFileState').startsWith('masked'),
    path: value('FragmentPath'),
    mainPid: Number(value('MainPID') || '0'),
  };
}

/** systemctl with these words; throws `UNIT_FAILED` with what systemd said. */
export async function systemctl(host: Host, ...words: readonly [string, ...string[]]): Promise<void> {
  const result = await host.run(['systemctl', ...words], { timeoutMs: 120_000 });
  if (result.exitCode === 0) return;
  const unit = words[words.length - 1] ?? '';
  throw new FlotillaError('UNIT_FAILED', `systemctl ${words.join(' ')}: ${lastLine(result.stderr)}`, {
    kind: 'unavailable',
    remedy: `Look at: journalctl -u ${unit} -n 50`,
  });
}

/** Masked by somebody: a link to nowhere lies where our unit was, or in front of it. Only for units that are ours. */
export async function unmaskUnit(host: Host, unit: 'kubelet.service' | 'containerd.service'): Promise<void> {
  const { masked } = await readUnit(host, unit);
  if (!masked && (await host.readLink(`/etc/systemd/system/${unit}`)) !== '/dev/null') return;
  await host.run(['systemctl', 'unmask', unit], { timeoutMs });
  await host.run(['systemctl', 'unmask', '--runtime', unit], { timeoutMs });
}

/** The last line that says something, at most 500 characters. */
export function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return (lines[lines.length - 1] ?? 'no output').trim().slice(0, 500);
}
