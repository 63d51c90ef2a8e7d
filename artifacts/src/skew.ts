import { FlotillaError } from '@flotilla/kit';

/** The rules of Kubernetes' version skew policy that Flotilla enforces, by name. */
export type SkewRule =
  | 'KUBELET_NEWER_THAN_CONTROL_PLANE'
  | 'KUBELET_TOO_OLD'
  | 'MAJOR_DIFFERS'
  | 'CONTROL_PLANE_MINOR_SKIPPED'
  | 'CONTROL_PLANE_DOWNGRADE';

/** `ok`, or the rule that forbids it with a sentence that names both versions. */
export type SkewVerdict =
  { readonly ok: true } | { readonly ok: false; readonly rule: SkewRule; readonly message: string };

interface ParsedVersion {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
}

const fine: SkewVerdict = { ok: true };
const refuse = (rule: SkewRule, message: string): SkewVerdict => ({ ok: false, rule, message });

/** `v1.34.4` to numbers; build metadata and pre-release suffixes are refused with `KUBERNETES_VERSION_INVALID`. */
export function parseKubernetesVersion(text: string): ParsedVersion {
  const match = /^v(\d{1,4})\.(\d{1,4})\.(\d{1,4})$/.exec(text);
  if (!match) {
    throw new FlotillaError('KUBERNETES_VERSION_INVALID', `${JSON.stringify(text)} is not a version of Kubernetes.`, {
      kind: 'invalid-argument',
      remedy: 'Write it like v1.34.4.',
    });
  }
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}

/**
 * May a kubelet of this version serve an API server of that version?
 * Policy: never newer; at most three minors older, two for kubelets before 1.25. The patch does not matter.
 */
export function checkSkew(controlPlane: string, kubelet: string): SkewVerdict {
  const server = parseKubernetesVersion(controlPlane);
  const node = parseKubernetesVersion(kubelet);
  if (server.major !== node.major) {
    return refuse('MAJOR_DIFFERS', `Kubelet ${kubelet} and control plane ${controlPlane} differ in major version.`);
  }
  if (node.minor > server.minor) {
    return refuse(
      'KUBELET_NEWER_THAN_CONTROL_PLANE',
      `A kubelet may not be newer than the API server: kubelet ${kubelet}, control plane ${controlPlane}.`,
    );
  }
  const minorsBehindMax = node.minor < 25 ? 2 : 3;
  if (server.minor - node.minor > minorsBehindMax) {
    return refuse(
      'KUBELET_TOO_OLD',
      `Kubelet ${kubelet} is more than ${minorsBehindMax} minor versions behind control plane ${controlPlane}.`,
    );
  }
  return fine;
}

/** May a control plane go from one version to the other? Policy: no minor is skipped, and there is no way back. */
export function checkControlPlaneUpgrade(from: string, to: string): SkewVerdict {
  const old = parseKubernetesVersion(from);
  const next = parseKubernetesVersion(to);
  if (old.major !== next.major) return refuse('MAJOR_DIFFERS', `${from} and ${to} differ in major version.`);
  if (next.minor < old.minor || (next.minor === old.minor && next.patch < old.patch)) {
    return refuse('CONTROL_PLANE_DOWNGRADE', `A control plane cannot go back from ${from} to ${to}.`);
  }
  if (next.minor - old.minor > 1) {
    return refuse(
      'CONTROL_PLANE_MINOR_SKIPPED',
      `From ${from} to ${to} skips a minor version. Go to v${old.major}.${old.minor + 1} first.`,
    );
  }
  return fine;
}
