import { mapAt, valueAt, type JsonMap } from './json.js';
import { FakeRefusal } from './refusal.js';

export type Matcher = (object: JsonMap) => boolean;

const fields = [
  'metadata.name',
  'metadata.namespace',
  'spec.nodeName',
  'spec.unschedulable',
  'spec.signerName',
  'status.phase',
  'type',
  'reason',
  'involvedObject.kind',
  'involvedObject.name',
  'involvedObject.namespace',
  'involvedObject.uid',
];

/** `a=b,c!=d,e,!f`; set expressions are refused rather than misread. */
export function labelMatcher(selector: string): Matcher {
  if (/[()]/.test(selector)) throw new FakeRefusal(400, 'BadRequest', 'the fake API server knows no set expressions');
  return all(selector, (term) => {
    const { key, wanted, differs } = parseTerm(term);
    return (object) => {
      const value = mapAt(mapAt(object, 'metadata'), 'labels')[key];
      if (wanted === undefined) return (value !== undefined) !== differs;
      return (value === wanted) !== differs;
    };
  });
}

/** `spec.nodeName=a,status.phase!=b`, of the fields Kubernetes indexes. */
export function fieldMatcher(selector: string): Matcher {
  return all(selector, (term) => {
    const { key, wanted, differs } = parseTerm(term);
    if (!fields.includes(key) || wanted === undefined) {
      throw new FakeRefusal(400, 'BadRequest', `field label not supported: ${key}`);
    }
    return (object) => (toText(valueAt(object, key)) === wanted) !== differs;
  });
}

function all(selector: string, parse: (term: string) => Matcher): Matcher {
  const matchers = selector
    .split(',')
    .filter((term) => term !== '')
    .map(parse);
  return (object) => matchers.every((matches) => matches(object));
}

function parseTerm(term: string): { key: string; wanted: string | undefined; differs: boolean } {
  const match = /^(!?)([^=!]+)(?:(!=|==|=)(.*))?$/.exec(term.trim());
  if (match === null) throw new FakeRefusal(400, 'BadRequest', `unable to parse requirement: ${term}`);
  const [, not, key = '', operator, wanted] = match;
  return { key, wanted, differs: not === '!' || operator === '!=' };
}

function toText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number' ? String(value) : '';
}
