/** One kind of thing on a server: name -> what it is. */
export type Section = Readonly<Record<string, string>>;

/** A server at one moment, as far as a product could have changed it. Plain data: it may be stored as JSON. */
export interface Snapshot {
  readonly version: 1;
  readonly server: string;
  /** files, units, sysctls, modules, firewall, network, mounts, processes, listeners */
  readonly sections: Readonly<Record<string, Section>>;
}

/**
 * What differs, one readable line each, sorted: `files + /opt/x  file 0755 …`, `units - …`, `sysctls ~ key  0 -> 1`.
 * Empty when the server is as it was.
 */
export function diffSnapshots(before: Snapshot, after: Snapshot): string[] {
  const names = [...new Set([...Object.keys(before.sections), ...Object.keys(after.sections)])].sort();
  return names.flatMap((name) => diffSections(name, before.sections[name] ?? {}, after.sections[name] ?? {}));
}

function diffSections(name: string, before: Section, after: Section): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys.flatMap((key) => {
    const [old, now] = [before[key], after[key]];
    if (old === now) return [];
    if (old === undefined) return [`${name} + ${line(key, now ?? '')}`];
    if (now === undefined) return [`${name} - ${line(key, old)}`];
    return [`${name} ~ ${key}  ${old} -> ${now}`];
  });
}

function line(key: string, value: string): string {
  return value === '' ? key : `${key}  ${value}`;
}

/** Equal things counted, so that they can be the names of a section: `sleep 5` twice -> `sleep 5`: `2`. */
export function countLines(lines: readonly string[]): Record<string, string> {
  const counts = new Map<string, number>();
  for (const text of lines) if (text !== '') counts.set(text, (counts.get(text) ?? 0) + 1);
  return Object.fromEntries([...counts].map(([text, count]) => [text, count === 1 ? '' : `${String(count)} times`]));
}

/** The stored form back as a value; null when it is none. */
export function parseSnapshot(text: string): Snapshot | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 1) return null;
  if (!('server' in value) || typeof value.server !== 'string' || !('sections' in value)) return null;
  const { sections } = value;
  if (typeof sections !== 'object' || sections === null || !Object.values(sections).every(isSection)) return null;
  // Every section was checked by isSection just above.
  return { version: 1, server: value.server, sections: sections as Record<string, Section> };
}

function isSection(value: unknown): value is Section {
  return typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
}
