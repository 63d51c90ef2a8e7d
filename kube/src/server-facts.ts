import type { KubeReadiness, KubeVersion } from './contract.js';
import { badAnswer, JsonReader, parseJson } from './read.js';

/** The answer of `/version`. */
export function parseVersion(body: string): KubeVersion {
  const answer = new JsonReader(parseJson(body, 'version'), 'version');
  const gitVersion = answer.name('gitVersion');
  // Major and minor beside it may carry a vendor's "+"; the tag is the one that is always well-formed.
  const match = /^v(\d+)\.(\d+)\./.exec(gitVersion);
  if (match === null) throw badAnswer('version.gitVersion', 'like v1.35.4', gitVersion);
  return { gitVersion, major: Number(match[1]), minor: Number(match[2]) };
}

/** The text of a `/readyz?verbose` that failed: one line a check, `[-]name failed: …` for the bad ones. */
export function parseReadiness(text: string): KubeReadiness {
  const failing = [...text.matchAll(/^\[-\](\S+)/gm)].map((match) => match[1] ?? '');
  return { ready: false, failing };
}
