import { FlotillaError, invalidArgument, type FieldViolation } from '@flotilla/kit';

import { formatAgentManifest } from '../scripts/manifest-format.mjs';

/** What the agent consists of on one kind of machine; names are file names, never paths. */
export interface AgentFile {
  readonly name: string;
  /** Octal, as chmod takes it. */
  readonly mode: '0644' | '0755';
  readonly sizeBytes: number;
  /** Lower-case hex. */
  readonly sha256: string;
  /** What `/agent/<arch>/<download.name>` serves. */
  readonly download: AgentDownload;
}

export interface AgentDownload {
  readonly name: string;
  readonly encoding: 'identity' | 'gzip';
  readonly sizeBytes: number;
  readonly sha256: string;
}

export type AgentArch = 'amd64' | 'arm64';

export interface AgentManifest {
  readonly schema: 1;
  readonly version: string;
  readonly arches: Readonly<Partial<Record<AgentArch, { readonly files: readonly AgentFile[] }>>>;
}

/** Without these an installation would not work. */
export const REQUIRED_FILES = [
  'node',
  'agent.cjs',
  'flotilla-agent',
  'flotilla-agent.service',
  'uninstall.sh',
] as const;

const SIZE_BYTES_MAX = 9_999_999_999;
const REMEDY = 'Build the agent again: npm run build -w installer';

/**
 * A manifest as the server may hand it out: every field checked, and in the very bytes that install.sh understands.
 * @throws FlotillaError AGENT_MANIFEST_INVALID with every problem at once
 */
export function parseAgentManifest(text: string): AgentManifest {
  const document = parseJson(text);
  const violations: FieldViolation[] = [];
  const version = document['version'];
  if (document['schema'] !== 1) violations.push({ field: 'schema', description: 'must be 1' });
  if (!isVersion(version)) violations.push({ field: 'version', description: 'must be like 1.2.3 or 1.2.3-rc.1' });
  const arches: Partial<Record<AgentArch, { files: AgentFile[] }>> = {};
  for (const [arch, value] of Object.entries(toRecord(document['arches']))) {
    if (arch === 'amd64' || arch === 'arm64')
      arches[arch] = { files: parseFiles(toRecord(value)['files'], `arches.${arch}`, violations) };
    else violations.push({ field: `arches.${arch}`, description: 'is not an architecture' });
  }
  if (Object.keys(arches).length === 0) violations.push({ field: 'arches', description: 'must name amd64 or arm64' });
  if (violations.length > 0 || !isVersion(version)) throw invalid(violations);
  const manifest: AgentManifest = { schema: 1, version, arches };
  if (formatAgentManifest(manifest) !== text)
    throw invalid([{ field: 'manifest', description: 'is not written as install.sh reads it' }]);
  return manifest;
}

/** `1.2.3` or `1.2.3-rc.1`. */
export function isVersion(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,9}\.\d{1,9}\.\d{1,9}(-[0-9A-Za-z.]{1,40})?$/.test(value);
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    return toRecord(JSON.parse(text));
  } catch (cause) {
    throw new FlotillaError('AGENT_MANIFEST_INVALID', 'the agent manifest is not JSON', {
      kind: 'data-loss',
      remedy: REMEDY,
      cause,
    });
  }
}

function toRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function parseFiles(value: unknown, field: string, violations: FieldViolation[]): AgentFile[] {
  const files: AgentFile[] = [];
  for (const [at, item] of (Array.isArray(value) ? value : []).entries()) {
    const file = parseFile(toRecord(item));
    if (file === null)
      violations.push({
        field: `${field}.files[${String(at)}]`,
        description: 'is not a file with name, mode, size and sha256',
      });
    else files.push(file);
  }
  const names = files.map((file) => file.name);
  for (const name of REQUIRED_FILES)
    if (!names.includes(name)) violations.push({ field, description: `does not have ${name}` });
  const downloads = files.map((file) => file.download.name);
  if (new Set(names).size < names.length || new Set(downloads).size < downloads.length)
    violations.push({ field, description: 'has a name twice' });
  return files;
}

function parseFile(item: Readonly<Record<string, unknown>>): AgentFile | null {
  const { mode } = item;
  const content = parseContent(item);
  const from = toRecord(item['download']);
  const { encoding } = from;
  const download = parseContent(from);
  if (content === null || download === null) return null;
  if ((mode !== '0644' && mode !== '0755') || (encoding !== 'identity' && encoding !== 'gzip')) return null;
  return {
    name: content.name,
    mode,
    sizeBytes: content.sizeBytes,
    sha256: content.sha256,
    download: { ...download, encoding },
  };
}

function parseContent({
  name,
  sizeBytes,
  sha256,
}: Readonly<Record<string, unknown>>): { name: string; sizeBytes: number; sha256: string } | null {
  if (typeof name !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) return null;
  if (typeof sizeBytes !== 'number' || !Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || sizeBytes > SIZE_BYTES_MAX)
    return null;
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/.test(sha256)) return null;
  return { name, sizeBytes, sha256 };
}

function invalid(violations: readonly FieldViolation[]): FlotillaError {
  const { message } = invalidArgument(violations);
  return new FlotillaError('AGENT_MANIFEST_INVALID', `the agent manifest is damaged: ${message}`, {
    kind: 'data-loss',
    remedy: REMEDY,
    violations,
  });
}
