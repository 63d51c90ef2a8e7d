const removed = '[removed]';

/** Names under which secrets stand, whoever wrote them. */
const secretName =
  /(^|[^a-z])(password|passwd|passphrase|secret|token|api.?key|private.?key|client.?key(.?data)?|kubeconfig|authorization|credential|credentials|cookie)s?$/i;

const patterns: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|$)/g, removed],
  [/\bflk_[A-Za-z0-9]+\.[A-Za-z0-9_-]+/g, `flk_${removed}`],
  // JSON web tokens, as service accounts have.
  [/\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g, removed],
  [/\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{6,}/gi, `$1 ${removed}`],
  [/(:\/\/[^\s:@/]+:)[^\s@/]+@/g, `$1${removed}@`],
  [/(--token[= ])\S+/g, `$1${removed}`],
  // Bootstrap tokens, and what enrolls machines: an id, a dot, a secret.
  [/\b[a-z0-9]{6,16}\.[a-z0-9]{16,}/g, removed],
  [
    /\b((?:[\w-]*[_-])?(?:password|passwd|secret|token|api[_-]?key|client-key-data|private[_-]?key))(["']?\s*[:=]\s*["']?)(?!\[removed\])[^\s"',}]+/gi,
    `$1$2${removed}`,
  ],
];

/** A value with every secret taken out: by the name it stands under, and by its shape in any text. */
export function redact(value: unknown, known: readonly string[]): unknown {
  if (typeof value === 'string') return redactText(value, known);
  if (Array.isArray(value)) return value.map((each) => redact(each, known));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, each]): [string, unknown] => [
    redactText(name, known),
    typeof each === 'string' && each !== '' && isSecretName(name) ? removed : redact(each, known),
  ]);
  return Object.fromEntries(entries);
}

/** A text with every secret taken out. `known` are texts that are secrets whatever they look like. */
export function redactText(text: string, known: readonly string[]): string {
  let result = text;
  for (const secret of known) if (secret !== '') result = result.replaceAll(secret, removed);
  for (const [pattern, replacement] of patterns) result = result.replace(pattern, replacement);
  return result;
}

function isSecretName(name: string): boolean {
  return secretName.test(name.replace(/([a-z0-9])([A-Z])/g, '$1-$2'));
}
