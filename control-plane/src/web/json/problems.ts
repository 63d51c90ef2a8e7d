import { ScalarType, type DescEnum, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { suggestion, type FieldViolation } from '@flotilla/kit';

/** A body that is deeper, or has more faults, is not worth more words. */
const depthMax = 32;
const problemsMax = 50;

/**
 * Everything wrong with the shape of a JSON message: unknown fields (with what was probably meant), wrong types, numbers
 * out of range, names that are no value of an enum. Empty = it can be taken. Fields are named as the body names them.
 */
export function jsonProblems(message: DescMessage, body: unknown): FieldViolation[] {
  const problems: FieldViolation[] = [];
  checkMessage(message, body, '', 0, (field, description) => {
    if (problems.length < problemsMax) problems.push({ field: field === '' ? 'body' : field, description });
  });
  return problems;
}

type Add = (field: string, description: string) => void;

function checkMessage(message: DescMessage, value: unknown, at: string, depth: number, add: Add): void {
  const special = wellKnown[message.typeName];
  if (special !== undefined) {
    if (typeof value !== 'string' || !special.form.test(value)) add(at, `must be ${special.like} (is ${shown(value)})`);
    return;
  }
  if (!isObject(value)) return add(at, `must be an object (is ${shown(value)})`);
  if (depth >= depthMax) return add(at, 'is nested too deeply');
  const seen = new Set<string>();
  for (const [key, inner] of Object.entries(value)) {
    const field = message.fields.find(({ name, jsonName }) => key === jsonName || key === name);
    const path = at === '' ? cut(key) : `${at}.${cut(key)}`;
    if (field === undefined) add(path, unknown(message, key));
    else if (seen.has(field.name)) add(path, `is given twice, as ${field.jsonName} and as ${field.name}`);
    else if (inner !== null) checkField(field, inner, path, depth, add);
    if (field !== undefined) seen.add(field.name);
  }
}

function checkField(field: DescField, value: unknown, at: string, depth: number, add: Add): void {
  switch (field.fieldKind) {
    case 'scalar':
      return checkScalar(field.scalar, value, at, add);
    case 'enum':
      return checkEnum(field.enum, value, at, add);
    case 'message':
      return checkMessage(field.message, value, at, depth + 1, add);
    case 'list':
      if (!Array.isArray(value)) return add(at, `must be a list (is ${shown(value)})`);
      for (const [i, item] of value.entries()) {
        const path = `${at}[${i}]`;
        if (field.listKind === 'message') checkMessage(field.message, item, path, depth + 1, add);
        else if (field.listKind === 'enum') checkEnum(field.enum, item, path, add);
        else checkScalar(field.scalar, item, path, add);
      }
      return;
    case 'map':
      if (!isObject(value)) return add(at, `must be an object of names and values (is ${shown(value)})`);
      for (const [key, item] of Object.entries(value)) {
        const path = `${at}[${JSON.stringify(cut(key))}]`;
        // An object cannot carry it: it would be lost without a word.
        if (key === '__proto__') add(path, 'is no key');
        else if (field.mapKind === 'message') checkMessage(field.message, item, path, depth + 1, add);
        else if (field.mapKind === 'enum') checkEnum(field.enum, item, path, add);
        else checkScalar(field.scalar, item, path, add);
      }
  }
}

function checkScalar(type: ScalarType, value: unknown, at: string, add: Add): void {
  const rule = scalars[type];
  if (rule !== undefined && !rule.fits(value)) add(at, `must be ${rule.like} (is ${shown(value)})`);
}

interface Rule {
  readonly like: string;
  readonly fits: (value: unknown) => boolean;
}

const text: Rule = { like: 'a text', fits: (value) => typeof value === 'string' && !/\p{Surrogate}/u.test(value) };
const int32: Rule = whole('a whole number', -(2n ** 31n), 2n ** 31n - 1n);
const uint32: Rule = whole('a whole number, not negative', 0n, 2n ** 32n - 1n);
const int64: Rule = whole('a whole number, as number or text', -(2n ** 63n), 2n ** 63n - 1n);
const uint64: Rule = whole('a whole number, not negative, as number or text', 0n, 2n ** 64n - 1n);
const float: Rule = { like: 'a number', fits: (value) => typeof value === 'number' };

const scalars: Partial<Readonly<Record<ScalarType, Rule>>> = {
  [ScalarType.STRING]: text,
  [ScalarType.BOOL]: { like: 'true or false', fits: (value) => typeof value === 'boolean' },
  [ScalarType.BYTES]: {
    like: 'bytes in base64',
    fits: (value) => typeof value === 'string' && /^[A-Za-z0-9+/_-]*={0,2}$/.test(value),
  },
  [ScalarType.INT32]: int32,
  [ScalarType.SINT32]: int32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.UINT32]: uint32,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.INT64]: int64,
  [ScalarType.SINT64]: int64,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.FIXED64]: uint64,
  [ScalarType.FLOAT]: float,
  [ScalarType.DOUBLE]: float,
};

function whole(like: string, min: bigint, max: bigint): Rule {
  return {
    like,
    fits: (value) => {
      const exact = typeof value === 'number' ? Number.isSafeInteger(value) : typeof value === 'string';
      if (!exact || !/^-?\d{1,20}$/.test(String(value))) return false;
      const number = BigInt(String(value));
      return number >= min && number <= max;
    },
  };
}

/** Messages that JSON writes as a text. */
const wellKnown: Readonly<Record<string, { readonly like: string; readonly form: RegExp }>> = {
  'google.protobuf.Timestamp': {
    like: 'a time such as "2026-01-02T15:04:05Z"',
    form: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/,
  },
  'google.protobuf.Duration': { like: 'a duration in seconds such as "90s"', form: /^-?\d{1,12}(\.\d{1,9})?s$/ },
  'google.protobuf.FieldMask': {
    like: 'paths separated by commas, such as "labels,spec.size"',
    form: /^([A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*(,|$))*$/,
  },
};

function checkEnum(type: DescEnum, value: unknown, at: string, add: Add): void {
  const names = type.values.map(({ name }) => name);
  if (typeof value === 'string' ? names.includes(value) : type.values.some(({ number }) => number === value)) return;
  // Names without their prefix are what people type first.
  const near =
    typeof value === 'string'
      ? (names.find((name) => name.endsWith(`_${value.toUpperCase()}`)) ?? suggestion(value, names))
      : undefined;
  const hint = near === undefined ? `one of ${names.join(', ')}` : `one of ${names.join(', ')}; did you mean ${near}?`;
  add(at, `must be ${hint} (is ${shown(value)})`);
}

function unknown(message: DescMessage, key: string): string {
  const names = message.fields.map(({ jsonName }) => jsonName);
  const near = suggestion(key.slice(0, 80), names);
  const title = message.typeName.split('.').at(-1) ?? '';
  const hint = near === undefined ? `there is ${names.join(', ') || 'none'}` : `did you mean ${near}?`;
  return `is not a field of ${title}; ${hint}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What was given, short: never a whole secret. */
function shown(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 30 ? `a text of ${value.length} characters` : JSON.stringify(value);
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function cut(key: string): string {
  return key.length > 80 ? `${key.slice(0, 79)}…` : key;
}
