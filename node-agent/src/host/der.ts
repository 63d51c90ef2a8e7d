/** Tag, length, content: the one shape of everything in DER (X.690). */
export function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), body]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return Buffer.concat([Buffer.of(tag, 0x80 + bytes.length, ...bytes), body]);
}

export const derTags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octets: 0x04,
  none: 0x05,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** `1.2.840.10045.4.3.2` as DER. The first two numbers share a byte, the others take seven bits a byte. */
export function derOid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part % 128];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(128 + (left % 128));
    bytes.push(...groups);
  }
  return der(derTags.oid, Buffer.from(bytes));
}

/** A positive number; the first bit is its sign, so a leading zero may be needed, and no more than that. */
export function derUnsigned(bytes: Uint8Array): Buffer {
  const from = bytes.findIndex((byte) => byte !== 0);
  const digits = from < 0 ? Buffer.of(0) : Buffer.from(bytes.subarray(from));
  return der(derTags.integer, ...((digits[0] ?? 0) >= 0x80 ? [Buffer.of(0)] : []), digits);
}

/** A moment, to the second. RFC 5280: two digits of the year until 2049, four from then on. */
export function derTime(moment: Date): Buffer {
  const digits = moment.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '');
  const short = moment.getUTCFullYear() >= 1950 && moment.getUTCFullYear() < 2050;
  return der(short ? derTags.utcTime : derTags.generalizedTime, Buffer.from(`${short ? digits.slice(2) : digits}Z`));
}

/** A distinguished name of one value for each attribute, in this order. */
export function derName(parts: readonly (readonly [oid: string, value: string])[]): Buffer {
  const { sequence, set, utf8 } = derTags;
  return der(
    sequence,
    ...parts.map(([oid, value]) => der(set, der(sequence, derOid(oid), der(utf8, Buffer.from(value))))),
  );
}

/** What stands inside a constructed value, each with its tag and length. Bytes that are no DER give fewer. */
export function derChildren(parent: Buffer): readonly Buffer[] {
  const found: Buffer[] = [];
  for (let rest = bodyOf(parent); rest.length >= 2;) {
    const { end } = extentOf(rest);
    if (end > rest.length) break;
    found.push(rest.subarray(0, end));
    rest = rest.subarray(end);
  }
  return found;
}

function bodyOf(value: Buffer): Buffer {
  const { start, end } = extentOf(value);
  return value.subarray(start, end);
}

/** Where the content of the value at the beginning starts and ends. */
function extentOf(value: Buffer): { readonly start: number; readonly end: number } {
  const first = value[1] ?? 0;
  if (first < 0x80) return { start: 2, end: 2 + first };
  const lengthBytes = Math.min(first - 0x80, 4, value.length - 2);
  if (lengthBytes < 1) return { start: value.length, end: value.length };
  return { start: 2 + lengthBytes, end: 2 + lengthBytes + value.readUIntBE(2, lengthBytes) };
}
