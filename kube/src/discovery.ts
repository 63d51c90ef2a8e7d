import { RefusedAnswer, unknownKindError } from './errors.js';
import type { KubeManifest } from './objects.js';
import { apiRoot, knownPlace, type ResourcePlace } from './paths.js';
import { JsonReader, parseJson } from './read.js';

const cachedMax = 256;

/** Where objects of a kind are served: from the table, else from what the cluster says, remembered when found. */
export class Discovery {
  readonly #ask: (path: string) => Promise<string>;
  readonly #found = new Map<string, ResourcePlace>();

  /** `ask` gets a path and gives the body, or fails with RefusedAnswer. */
  constructor(ask: (path: string) => Promise<string>) {
    this.#ask = ask;
  }

  /** KUBE_UNKNOWN_KIND when the cluster does not serve the kind; that is asked anew each time, for it may come. */
  async placeOf({ apiVersion, kind }: Pick<KubeManifest, 'apiVersion' | 'kind'>): Promise<ResourcePlace> {
    const key = `${apiVersion}/${kind}`;
    const known = knownPlace(apiVersion, kind) ?? this.#found.get(key);
    if (known !== undefined) return known;
    const found = (await this.#served(apiVersion)).find((place) => place.kind === kind);
    if (found === undefined) throw unknownKindError(apiVersion, kind);
    if (this.#found.size >= cachedMax) this.#found.clear();
    this.#found.set(key, found);
    return found;
  }

  async #served(apiVersion: string): Promise<readonly ResourcePlace[]> {
    let body: string;
    try {
      body = await this.#ask(apiRoot(apiVersion));
    } catch (error) {
      if (error instanceof RefusedAnswer && error.failure.status === 404) return [];
      throw error;
    }
    const answer = new JsonReader(parseJson(body, 'APIResourceList'), 'APIResourceList');
    const resources = answer.list('resources', (resource) => ({
      apiVersion,
      kind: resource.text('kind'),
      plural: resource.name('name'),
      namespaced: resource.flag('namespaced'),
    }));
    // Names with a slash are subresources such as `pods/eviction`.
    return resources.filter((resource) => !resource.plural.includes('/'));
  }
}
