/** A machine's name from its host name: a DNS label, at most 60 characters so that a suffix fits. */
export function machineNameOf(hostname: string): string {
  const label = hostname
    .toLowerCase()
    .replace(/\..*$/, '')
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 60)
    .replace(/^-+|-+$/g, '');
  return label === '' ? 'machine' : label;
}

/** The name with a number, for when the name itself is taken; still a DNS label. */
export function suffixedName(name: string, number: number): string {
  const suffix = `-${number}`;
  return `${name.slice(0, 63 - suffix.length).replace(/-+$/, '')}${suffix}`;
}
