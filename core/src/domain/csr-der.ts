/**
 * Reads a PKCS#10 certificate request: who it says it is and which names it wants. Untrusted input: anything that is not
 * exactly of the expected shape is undefined, never a guess. (RFC 2986, X.690.)
 */
export interface CertificateRequest {
  readonly commonNames: readonly string[];
  readonly organizations: readonly string[];
  /** Attributes of the subject that are neither of the two. */
  readonly otherSubjectParts: number;
  readonly dnsNames: readonly string[];
  /** Dotted IPv4, or IPv6 as eight groups of hex without leading zeros. */
  readonly ipAddresses: readonly string[];
  /** Alternative names of other kinds: e-mail, URI, … */
  readonly otherNames: number;
}

const tags = { sequence: 0x30, set: 0x31, oid: 0x06, integer: 0x02, octets: 0x04, attributes: 0xa0 } as const;
const oids = {
  commonName: '550403',
  organization: '55040a',
  extensionRequest: '2a864886f70d01090e',
  subjectAltName: '551d11',
} as const;
const sizeMax = 16_384;

/** Parses PEM or throws nothing: undefined when it is no such request. */
export function parseCertificateRequest(pem: string): CertificateRequest | undefined {
  if (pem.length > sizeMax) return undefined;
  const match =
    /^\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END (?:NEW )?CERTIFICATE REQUEST-----\s*$/.exec(
      pem,
    );
  if (match?.[1] === undefined) return undefined;
  try {
    return readRequest(new Uint8Array(Buffer.from(match[1].replace(/\s+/g, ''), 'base64')));
  } catch (error) {
    if (error instanceof ShapeError) return undefined;
    throw error;
  }
}

class ShapeError extends Error {}

interface Element {
  readonly tag: number;
  readonly body: Uint8Array;
}

/** The elements of a body, all of it. */
function elementsOf(body: Uint8Array): Element[] {
  const elements: Element[] = [];
  let at = 0;
  while (at < body.length) {
    const tag = byteAt(body, at++);
    let length = byteAt(body, at++);
    if (length === 0x80 || length > 0x83) throw new ShapeError();
    if (length > 0x80) {
      const count = length - 0x80;
      length = 0;
      for (let i = 0; i < count; i++) length = length * 256 + byteAt(body, at++);
    }
    if (at + length > body.length) throw new ShapeError();
    elements.push({ tag, body: body.subarray(at, at + length) });
    at += length;
    if (elements.length > 256) throw new ShapeError();
  }
  return elements;
}

function byteAt(body: Uint8Array, at: number): number {
  const byte = body[at];
  if (byte === undefined) throw new ShapeError();
  return byte;
}

function only(body: Uint8Array, tag: number): Uint8Array {
  const [element, ...rest] = elementsOf(body);
  if (element?.tag !== tag || rest.length > 0) throw new ShapeError();
  return element.body;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function readRequest(der: Uint8Array): CertificateRequest {
  const [info] = elementsOf(only(der, tags.sequence));
  if (info?.tag !== tags.sequence) throw new ShapeError();
  const [version, subject, key, attributes] = elementsOf(info.body);
  if (version?.tag !== tags.integer || subject?.tag !== tags.sequence || key?.tag !== tags.sequence)
    throw new ShapeError();
  if (attributes !== undefined && attributes.tag !== tags.attributes) throw new ShapeError();
  return { ...readSubject(subject.body), ...readNames(attributes?.body ?? new Uint8Array()) };
}

function readSubject(
  body: Uint8Array,
): Pick<CertificateRequest, 'commonNames' | 'organizations' | 'otherSubjectParts'> {
  const commonNames: string[] = [];
  const organizations: string[] = [];
  let otherSubjectParts = 0;
  for (const set of elementsOf(body)) {
    if (set.tag !== tags.set) throw new ShapeError();
    for (const part of elementsOf(set.body)) {
      const [oid, value] = elementsOf(part.body);
      if (part.tag !== tags.sequence || oid?.tag !== tags.oid || value === undefined) throw new ShapeError();
      const isText = value.tag === 0x0c || value.tag === 0x13;
      const text = Buffer.from(value.body).toString('utf8');
      if (isText && hex(oid.body) === oids.commonName) commonNames.push(text);
      else if (isText && hex(oid.body) === oids.organization) organizations.push(text);
      else otherSubjectParts += 1;
    }
  }
  return { commonNames, organizations, otherSubjectParts };
}

function readNames(attributes: Uint8Array): Pick<CertificateRequest, 'dnsNames' | 'ipAddresses' | 'otherNames'> {
  const dnsNames: string[] = [];
  const ipAddresses: string[] = [];
  let otherNames = 0;
  for (const attribute of elementsOf(attributes)) {
    const [oid, values] = elementsOf(attribute.body);
    if (attribute.tag !== tags.sequence || oid?.tag !== tags.oid || values?.tag !== tags.set) throw new ShapeError();
    if (hex(oid.body) !== oids.extensionRequest) continue;
    for (const extension of elementsOf(only(values.body, tags.sequence))) {
      const parts = elementsOf(extension.body);
      const [id, value] = [parts[0], parts.at(-1)];
      if (extension.tag !== tags.sequence || id?.tag !== tags.oid || value?.tag !== tags.octets) throw new ShapeError();
      if (hex(id.body) !== oids.subjectAltName) continue;
      for (const name of elementsOf(only(value.body, tags.sequence))) {
        if (name.tag === 0x82) dnsNames.push(Buffer.from(name.body).toString('latin1'));
        else if (name.tag === 0x87) ipAddresses.push(ipText(name.body));
        else otherNames += 1;
      }
    }
  }
  return { dnsNames, ipAddresses, otherNames };
}

function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new ShapeError();
  const groups = Array.from({ length: 8 }, (_, i) =>
    (byteAt(bytes, 2 * i) * 256 + byteAt(bytes, 2 * i + 1)).toString(16),
  );
  return groups.join(':');
}

/** An IP address in the one form that {@link CertificateRequest.ipAddresses} uses; undefined when it is none. */
export function canonicalIp(text: string): string | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return text;
  const plain = text.replace(/%.*$/, '').toLowerCase();
  if (!/^[0-9a-f:]+$/.test(plain) || !plain.includes(':')) return undefined;
  const [head = '', tail, ...rest] = plain.split('::');
  if (rest.length > 0) return undefined;
  const groupsOf = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [before, after] = [groupsOf(head), groupsOf(tail ?? '')];
  const missing = 8 - before.length - after.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...before, ...Array.from({ length: missing }, () => '0'), ...after];
  if (groups.some((g) => !/^[0-9a-f]{1,4}$/.test(g))) return undefined;
  return groups.map((g) => Number.parseInt(g, 16).toString(16)).join(':');
}
