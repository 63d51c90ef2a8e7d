import { Role } from '@flotilla/proto';
import { parseDurationMs } from '@flotilla/kit';
import { usageError } from './call.js';

const byteUnits: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
};

/** `4GiB`, `20 GB`, `512` → bytes; undefined when it is no size. */
export function parseBytes(text: string): bigint | undefined {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/.exec(text.trim()) ?? [];
  const factor = byteUnits[unit];
  if (amount === undefined || factor === undefined) return undefined;
  const bytes = Math.round(Number(amount) * factor);
  return Number.isSafeInteger(bytes) ? BigInt(bytes) : undefined;
}

/** Size of an option, refused with the forms that are understood. */
export function parseBytesOption(option: string, text: string | undefined): bigint {
  if (text === undefined) return 0n;
  const bytes = parseBytes(text);
  if (bytes === undefined) throw usageError(`--${option} wants a size like 4GiB or 20GB (is "${text}")`);
  return bytes;
}

/** `key=value:NoSchedule` or `key:NoExecute`. */
export function parseTaint(text: string): { key: string; value: string; effect: string } {
  const [, key, value = '', effect] =
    /^([A-Za-z0-9][-A-Za-z0-9_./]*)(?:=([-A-Za-z0-9_.]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text) ?? [];
  if (key === undefined || effect === undefined) {
    throw usageError(
      `--taint wants key=value:Effect with Effect NoSchedule, PreferNoSchedule or NoExecute (is "${text}")`,
    );
  }
  return { key, value, effect };
}

/** `provider/region/zone`, the later parts optional. */
export function parseLocation(
  text: string | undefined,
): { provider: string; region: string; zone: string } | undefined {
  if (text === undefined) return undefined;
  const parts = text.split('/');
  if (parts.length > 3 || parts.some((part) => !/^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/.test(part))) {
    throw usageError(`--location wants provider/region/zone, the later parts optional (is "${text}")`);
  }
  const [provider = '', region = '', zone = ''] = parts;
  return { provider, region, zone };
}

/** Milliseconds as google.protobuf.Duration. */
export function toDuration(durationMs: number | undefined): { seconds: bigint; nanos: number } | undefined {
  if (durationMs === undefined) return undefined;
  return { seconds: BigInt(Math.floor(durationMs / 1000)), nanos: (durationMs % 1000) * 1_000_000 };
}

/** `90s`, `5m`, `2d` → milliseconds; a bare number is refused, its unit could be anything. */
export function parseDurationOption(text: string): number | undefined {
  return parseDurationMs(text);
}

const roles: Readonly<Record<string, Role>> = {
  reader: Role.READER,
  member: Role.MEMBER,
  admin: Role.ADMIN,
  'instance-admin': Role.INSTANCE_ADMIN,
};

/** `admin` → ADMIN; the parser has made sure that it is one of the choices. */
export function roleOf(text: string): Role {
  return roles[text] ?? Role.UNSPECIFIED;
}

/** A count or a share of nodes: `2`, `20%`. */
export function parseShare(option: string, text: string | undefined): string {
  if (text !== undefined && /^\d{1,4}%?$/.test(text)) return text;
  throw usageError(`--${option} wants a count or a share, like 2 or 20% (is "${text ?? ''}")`);
}

/** `memory.available=200Mi` or, as the kubelet writes it, `memory.available<200Mi`. */
export function parseThresholds(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text): [string, string] => {
      const [, signal, threshold] = /^([a-zA-Z.]+)[=<](\d[\w.]*%?)$/.exec(text) ?? [];
      if (signal !== undefined && threshold !== undefined) return [signal, threshold];
      throw usageError(`--eviction-hard wants signal=threshold, like memory.available=200Mi (is "${text}")`);
    }),
  );
}
