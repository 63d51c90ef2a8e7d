import { FlotillaError } from '@flotilla/kit';

/** One file of a node, as the mirror's manifest names it. */
export interface ArtifactFile {
  readonly role: 'binary' | 'image';
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly neededBy: readonly string[];
  /** Binaries only. */
  readonly install: 'bin' | 'cni-bin' | undefined;
  /** Images only: the reference the runtime must know it by. */
  readonly image: string | undefined;
}

/** What a machine of one architecture needs for one Kubernetes version. */
export interface NodeManifest {
  readonly kubernetesVersion: string;
  readonly pauseImage: string;
  readonly files: readonly ArtifactFile[];
}

const filesMax = 200;
const sizeBytesMax = 4 * 1024 ** 3;
const namePattern = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;
const imagePattern = /^[a-z0-9.-]+(?::\d{1,5})?(?:\/[a-z0-9._-]+)+:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

function refused(why: string): FlotillaError {
  return new FlotillaError('ARTIFACT_MANIFEST_INVALID', `the manifest of artifacts cannot be used: ${why}`, {
    kind: 'invalid-argument',
    retry: 'later',
    remedy: 'Sync this Kubernetes version again on the control plane.',
  });
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refused(`${what} is not an object`);
  return value as Readonly<Record<string, unknown>>; // checked just above
}

function text(value: unknown, pattern: RegExp, what: string): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw refused(`${what} is not as expected`);
  return value;
}

function parseFile(value: unknown, index: number): ArtifactFile {
  const file = object(value, `files[${index}]`);
  const name = text(file['name'], namePattern, `files[${index}].name`);
  const role = text(file['role'], /^(binary|image)$/, `${name}.role`) === 'image' ? 'image' : 'binary';
  const size = file['sizeBytes'];
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size <= 0 || size > sizeBytesMax) {
    throw refused(`${name}.sizeBytes is not as expected`);
  }
  const neededBy = file['neededBy'];
  if (!Array.isArray(neededBy)) throw refused(`${name}.neededBy is not a list`);
  if (role === 'image') text(file['format'], /^(docker-archive|oci-archive)$/, `${name}.format`);
  return {
    role,
    name,
    sizeBytes: size,
    sha256: text(file['sha256'], /^[0-9a-f]{64}$/, `${name}.sha256`),
    neededBy: neededBy.map((entry) => text(entry, /^(control-plane|worker)$/, `${name}.neededBy`)),
    install:
      role === 'binary'
        ? (text(file['install'], /^(bin|cni-bin)$/, `${name}.install`) as 'bin' | 'cni-bin')
        : undefined, // the pattern allows only these
    image: role === 'image' ? text(file['image'], imagePattern, `${name}.image`) : undefined,
  };
}

/**
 * Strict: names become paths and the files run as root. The caller has checked the sha256 of the text already, so this
 * guards against a mistake of ours, not against a stranger.
 */
export function parseNodeManifest(json: string, arch: string): NodeManifest {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw refused('it is not JSON');
  }
  const manifest = object(value, 'manifest');
  if (manifest['schema'] !== 1) throw refused('its schema is unknown to this agent');
  const own = object(manifest['arch'], 'arch')[arch];
  if (own === undefined) throw refused(`it has nothing for ${arch}`);
  const files = object(own, `arch.${arch}`)['files'];
  if (!Array.isArray(files) || files.length === 0 || files.length > filesMax)
    throw refused('files is not a list of 1 to 200');
  const parsed = files.map(parseFile);
  if (new Set(parsed.map(({ name }) => name)).size !== parsed.length) throw refused('two files have the same name');
  const pause = parsed.find(({ image }) => image !== undefined && /\/pause:[^/]+$/.test(image));
  if (pause?.image === undefined) throw refused('it has no pause image');
  return {
    kubernetesVersion: text(manifest['kubernetesVersion'], /^v\d{1,4}\.\d{1,4}\.\d{1,4}$/, 'kubernetesVersion'),
    pauseImage: pause.image,
    files: parsed,
  };
}
