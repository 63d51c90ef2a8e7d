import { FlotillaError, invalidArgument, type FieldViolation } from '@flotilla/kit';

import { isVersion } from './manifest.js';

/** What a server writes into the scripts that it hands out. All of it is the server's own, nothing comes from a request. */
export interface InstallerFacts {
  /** `https://host` or `https://host:port`, without a path. */
  readonly serverUrl: string;
  /** `sha256//` and the base64 SHA-256 of the leaf's SubjectPublicKeyInfo, as curl and wget take it. */
  readonly publicKeyPin: string;
  /** `sha256:` and the hex SHA-256 of the CA's SubjectPublicKeyInfo, which the agent checks. */
  readonly caPin: string;
  readonly agentVersion: string;
}

// The same shapes that install.sh itself accepts; none has a character that means something in a quoted shell word.
const HOST = String.raw`([A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])`;
const SERVER_URL = new RegExp(`^https://${HOST}(:[0-9]{1,5})?$`);
const PUBLIC_KEY_PIN = /^sha256\/\/[A-Za-z0-9+/]{43}=$/;
const CA_PIN = /^sha256:[0-9a-f]{64}$/;

const PLACEHOLDERS = {
  '@FLOTILLA_SERVER_URL@': 'serverUrl',
  '@FLOTILLA_PUBLIC_KEY_PIN@': 'publicKeyPin',
  '@FLOTILLA_CA_PIN@': 'caPin',
  '@FLOTILLA_AGENT_VERSION@': 'agentVersion',
} as const satisfies Record<string, keyof InstallerFacts>;

/**
 * The script as `/install.sh` serves it (and, unchanged, one without placeholders such as uninstall.sh).
 * @throws FlotillaError INVALID_ARGUMENT for a fact of another shape, INSTALLER_TEMPLATE for a placeholder that nobody fills
 */
export function renderInstaller(template: string, facts: InstallerFacts): string {
  const violations = checkFacts(facts);
  if (violations.length > 0) throw invalidArgument(violations, 'Check publicUrl of the server, and its certificates.');
  const rendered = template.replace(/@FLOTILLA_[A-Z_]+@/g, (placeholder) => {
    const key = Object.entries(PLACEHOLDERS).find(([name]) => name === placeholder)?.[1];
    if (key === undefined) {
      throw new FlotillaError('INSTALLER_TEMPLATE', `${placeholder} is not known`, {
        kind: 'internal',
        remedy: 'Install the scripts of this release.',
      });
    }
    return facts[key];
  });
  return rendered;
}

function checkFacts(facts: InstallerFacts): FieldViolation[] {
  const violations: FieldViolation[] = [];
  if (!SERVER_URL.test(facts.serverUrl))
    violations.push({ field: 'serverUrl', description: 'must be https://host or https://host:port' });
  if (!PUBLIC_KEY_PIN.test(facts.publicKeyPin))
    violations.push({ field: 'publicKeyPin', description: 'must be sha256// and 44 characters of base64' });
  if (!CA_PIN.test(facts.caPin))
    violations.push({ field: 'caPin', description: 'must be sha256: and 64 hexadecimal digits' });
  if (!isVersion(facts.agentVersion)) violations.push({ field: 'agentVersion', description: 'must be like 1.2.3' });
  return violations;
}
