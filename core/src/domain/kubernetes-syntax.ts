import type { FieldViolation } from '@flotilla/kit';
import type { Taint } from '@flotilla/proto';

const namePart = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const dnsSubdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** Why the text is no DNS subdomain (RFC 1123, at most 253 characters), or undefined. */
export function dnsSubdomainProblem(text: string): string | undefined {
  if (text.length <= 253 && dnsSubdomain.test(text)) return undefined;
  return 'must be a DNS name of lower-case letters, digits, "-" and "."';
}

/** Why the text is no label key of Kubernetes (`name` or `prefix/name`), or undefined. */
export function labelKeyProblem(key: string): string | undefined {
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? undefined : key.slice(0, slash);
  const name = slash < 0 ? key : key.slice(slash + 1);
  if (prefix !== undefined && dnsSubdomainProblem(prefix) !== undefined) {
    return 'has a prefix that is no DNS name';
  }
  if (!namePart.test(name)) {
    return 'must be 1 to 63 letters, digits, "-", "_" and ".", starting and ending with a letter or digit';
  }
  return undefined;
}

/** Why the text is no label value of Kubernetes, or undefined. */
export function labelValueProblem(value: string): string | undefined {
  if (value === '' || namePart.test(value)) return undefined;
  return 'must be empty or 1 to 63 letters, digits, "-", "_" and ".", starting and ending with a letter or digit';
}

/** Every problem of a map of labels; `reserved` says why a key is not the user's to set. */
export function labelViolations(
  field: string,
  labels: Readonly<Record<string, string>>,
  reserved: (key: string) => string | undefined = () => undefined,
): FieldViolation[] {
  const entries = Object.entries(labels);
  const violations: FieldViolation[] = [];
  if (entries.length > 64) violations.push({ field, description: `has ${entries.length} labels; at most 64` });
  for (const [key, value] of entries) {
    const keyProblem = labelKeyProblem(key) ?? reserved(key);
    if (keyProblem !== undefined)
      violations.push({ field: `${field}[${JSON.stringify(key)}]`, description: keyProblem });
    const valueProblem = labelValueProblem(value);
    if (valueProblem !== undefined) {
      violations.push({ field: `${field}[${JSON.stringify(key)}]`, description: `value ${valueProblem}` });
    }
  }
  return violations;
}

/** Every problem of a list of taints. */
export function taintViolations(field: string, taints: readonly Taint[]): FieldViolation[] {
  const violations: FieldViolation[] = [];
  const seen = new Set<string>();
  for (const [i, taint] of taints.entries()) {
    const at = `${field}[${i}]`;
    const keyProblem = labelKeyProblem(taint.key);
    if (keyProblem !== undefined) violations.push({ field: `${at}.key`, description: keyProblem });
    const valueProblem = labelValueProblem(taint.value);
    if (valueProblem !== undefined) violations.push({ field: `${at}.value`, description: valueProblem });
    if (!effects.includes(taint.effect)) {
      violations.push({ field: `${at}.effect`, description: `must be one of ${effects.join(', ')}` });
    }
    const identity = `${taint.key}:${taint.effect}`;
    if (seen.has(identity)) violations.push({ field: at, description: `repeats ${identity}` });
    seen.add(identity);
  }
  return violations;
}

/** Node labels that Flotilla or the kubelet sets itself. */
export function reservedNodeLabel(key: string): string | undefined {
  if (key.startsWith('flotilla.dev/')) return 'is reserved for Flotilla';
  if (['kubernetes.io/hostname', 'kubernetes.io/os', 'kubernetes.io/arch'].includes(key)) {
    return 'is set by the kubelet';
  }
  return undefined;
}
