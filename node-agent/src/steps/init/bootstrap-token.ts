import { randomInt } from 'node:crypto';

const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A token in kubeadm's form, [a-z0-9]{6}.[a-z0-9]{16}, from the system's secure randomness. */
export function bootstrapTokenText(): string {
  const letters = (count: number): string =>
    Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)] ?? '').join('');
  return `${letters(6)}.${letters(16)}`;
}
