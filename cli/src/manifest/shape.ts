/** What a value in a manifest may be. Each leaf turns what people write into proto JSON. */
export type Shape =
  | { readonly kind: 'text'; readonly wants?: string; readonly pattern?: RegExp }
  | { readonly kind: 'whole'; readonly min: number; readonly max: number; readonly nullable?: true }
  | { readonly kind: 'flag' }
  | { readonly kind: 'bytes' }
  | { readonly kind: 'duration' }
  | { readonly kind: 'constant'; readonly prefix: string; readonly names: readonly string[] }
  | { readonly kind: 'labels' }
  | { readonly kind: 'list'; readonly of: Shape }
  | ObjectShape
  /** Written by the server; accepted so that what `-o yaml` prints can be applied, and not read. */
  | { readonly kind: 'ignored' };

export interface ObjectShape {
  readonly kind: 'object';
  readonly fields: Readonly<Record<string, Shape>>;
}

export const text: Shape = { kind: 'text' };
export const flag: Shape = { kind: 'flag' };
export const labels: Shape = { kind: 'labels' };
export const ignored: Shape = { kind: 'ignored' };
export const duration: Shape = { kind: 'duration' };
export const dnsLabel: Shape = {
  kind: 'text',
  pattern: /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  wants: '1 to 63 of a-z, 0-9 and "-", starting and ending with a letter or digit',
};
export const version: Shape = { kind: 'text', pattern: /^v\d+\.\d+\.\d+$/, wants: 'a version like v1.34.4' };
export const cidr: Shape = {
  kind: 'text',
  pattern: /^[0-9a-fA-F.:]+\/\d{1,3}$/,
  wants: 'a network like 10.244.0.0/16',
};
/** A count or a share of the nodes of a pool. */
export const share: Shape = {
  kind: 'text',
  pattern: /^\d{1,4}%?$/,
  wants: 'a count or a share in quotes, like "2" or "20%"',
};

export function object(fields: Readonly<Record<string, Shape>>): ObjectShape {
  return { kind: 'object', fields };
}

export function whole(min: number, max: number): Extract<Shape, { kind: 'whole' }> {
  return { kind: 'whole', min, max };
}

/** Names of a proto enum without their prefix. */
export function constant(prefix: string, ...names: readonly string[]): Shape {
  return { kind: 'constant', prefix, names };
}
