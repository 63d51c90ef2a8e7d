import type { ResourcePlace } from '../paths.js';
import { FakeRefusal } from './refusal.js';

/** What a path names. */
export type FakeRoute =
  | { readonly kind: 'version' | 'readyz' }
  | { readonly kind: 'discovery'; readonly apiVersion: string }
  | { readonly kind: 'collection'; readonly place: ResourcePlace; readonly namespace: string | undefined }
  | {
      readonly kind: 'object';
      readonly place: ResourcePlace;
      readonly namespace: string;
      readonly name: string;
      readonly subresource: string;
    };

/** Reads a path the way an API server does; refuses with 404 what it does not serve. */
export function parseRoute(path: string, places: readonly ResourcePlace[]): FakeRoute {
  if (path === '/version') return { kind: 'version' };
  if (path === '/readyz') return { kind: 'readyz' };
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  const isCore = parts[0] === 'api';
  if (!isCore && parts[0] !== 'apis') throw notServed();
  const apiVersion = isCore ? (parts[1] ?? '') : `${parts[1] ?? ''}/${parts[2] ?? ''}`;
  const rest = parts.slice(isCore ? 2 : 3);
  const served = places.filter((place) => place.apiVersion === apiVersion);
  if (served.length === 0) throw notServed();
  if (rest.length === 0) return { kind: 'discovery', apiVersion };
  // `/namespaces/x` is a namespace, `/namespaces/x/pods` is what lies in it.
  const namespace = rest[0] === 'namespaces' && rest.length > 2 ? rest[1] : undefined;
  const [plural = '', name, subresource = '', extra] = namespace === undefined ? rest : rest.slice(2);
  const place = served.find((candidate) => candidate.plural === plural);
  if (place === undefined || extra !== undefined || (namespace !== undefined && !place.namespaced)) throw notServed();
  if (name === undefined) return { kind: 'collection', place, namespace };
  if (place.namespaced && namespace === undefined) throw notServed();
  return { kind: 'object', place, namespace: namespace ?? '', name, subresource };
}

function notServed(): FakeRefusal {
  return new FakeRefusal(404, 'NotFound', 'the server could not find the requested resource');
}
