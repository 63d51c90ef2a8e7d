import { FlotillaError, invalidArgument } from '@flotilla/kit';
import { z } from 'zod';
import { cniReleases, cniVersionSchema, upstreamCnis, type CniRelease, type UpstreamCni } from './catalog.js';

/**
 * Exactly one manifest: which release it is, where it lies, and its sha256. Given by `flotilla-server artifacts pin-cni`
 * or as an entry of `cniManifests` in the configuration:
 *
 * ```yaml
 * cniManifests:
 *   - cni: calico
 *     version: v3.32.2
 *     sha256: <64 hex digits>
 *     url: https://…        # or file: /path; left out where the catalogue knows the address
 * ```
 */
export interface CniPin {
  readonly cni: UpstreamCni;
  readonly version: string;
  /** `https:` address, or absolute path on the server's host. */
  readonly from: { readonly kind: 'url'; readonly url: string } | { readonly kind: 'file'; readonly path: string };
  readonly sha256: string;
}

const pinSchema = z
  .strictObject({
    cni: z.enum(upstreamCnis),
    version: cniVersionSchema,
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 hex digits, as sha256sum prints them')
      .optional(),
    url: z.string().max(2048).refine(isDownloadUrl, 'must be an https:// address without credentials').optional(),
    file: z.string().max(4096).startsWith('/', 'must be an absolute path').optional(),
  })
  .refine(({ url, file }) => url === undefined || file === undefined, { message: 'must not have both url and file' });

/**
 * Untrusted input to a pin. What the catalogue knows may be left out. INVALID_ARGUMENT names every wrong field below
 * `field`; CNI_PIN_NEEDED says what has to be pinned by hand, and how.
 */
export function parseCniPin(input: unknown, field = 'cniManifests'): CniPin {
  const parsed = pinSchema.safeParse(input);
  if (!parsed.success) {
    throw invalidArgument(
      parsed.error.issues.map((issue) => ({
        field: [field, ...issue.path.map(String)].join('.'),
        description: issue.message,
      })),
    );
  }
  const { cni, version, url, file } = parsed.data;
  const release = cniReleases.find((one) => one.cni === cni && one.version === version);
  const sha256 = parsed.data.sha256 ?? (url === undefined && file === undefined ? release?.sha256 : undefined);
  const address = url ?? release?.url;
  if (sha256 === undefined) throw pinNeeded(cni, version, release, 'the sha256 of its manifest');
  if (file !== undefined) return { cni, version, from: { kind: 'file', path: file }, sha256 };
  if (address === undefined) throw pinNeeded(cni, version, release, 'the manifest as a file or an address');
  return { cni, version, from: { kind: 'url', url: address }, sha256 };
}

/** A list of pins, as the configuration has it; two for the same release are refused. */
export function parseCniPins(input: unknown, field = 'cniManifests'): readonly CniPin[] {
  if (!Array.isArray(input)) throw invalidArgument([{ field, description: 'must be a list' }]);
  const pins = input.map((item: unknown, index) => parseCniPin(item, `${field}[${index}]`));
  for (const [index, { cni, version }] of pins.entries()) {
    if (pins.findIndex((other) => other.cni === cni && other.version === version) < index)
      throw invalidArgument([{ field: `${field}[${index}]`, description: `names ${cni} ${version} a second time` }]);
  }
  return pins;
}

function isDownloadUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, hostname } = new URL(text);
  // Plain http only on this machine: everything else is verified by hash, but need not be seen by everybody.
  const own = protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname);
  return (protocol === 'https:' || own) && username === '' && password === '';
}

function pinNeeded(cni: UpstreamCni, version: string, release: CniRelease | undefined, what: string): FlotillaError {
  const how = release?.howToPin ?? 'Take it from the release page of the project.';
  return new FlotillaError('CNI_PIN_NEEDED', `Of ${cni} ${version} nobody but you can say ${what}.`, {
    kind: 'invalid-argument',
    remedy: `${how} Then: flotilla-server artifacts pin-cni ${cni} ${version} --sha256 SHA256 [--url URL | --file FILE]`,
  });
}
