import { knownPlaces, type ResourcePlace } from '../paths.js';
import { isMap, mapAt, textAt, type JsonMap } from './json.js';
import type { FakeChange, FakeObjectStore } from './object-store.js';

/** Serves the kinds that are defined, at once or when the test says so. */
export class FakeCustomKinds {
  readonly #store: FakeObjectStore;
  readonly #places: ResourcePlace[];
  #waiting: FakeChange[] = [];
  /** New definitions are not served before {@link establish}. */
  hold = false;

  constructor(store: FakeObjectStore, places: ResourcePlace[]) {
    this.#store = store;
    this.#places = places;
    store.listen((change) => {
      if (change.place.kind !== 'CustomResourceDefinition' || change.type !== 'ADDED') return;
      if (this.hold) this.#waiting.push(change);
      else this.#serve(change.place, change.object);
    });
  }

  /** Serves what was held back. */
  establish(): void {
    for (const { place, object } of this.#waiting) this.#serve(place, object);
    this.#waiting = [];
  }

  #serve(place: ResourcePlace, definition: JsonMap): void {
    const spec = mapAt(definition, 'spec');
    const names = mapAt(spec, 'names');
    const versions = Array.isArray(spec['versions']) ? spec['versions'].filter(isMap) : [];
    for (const version of versions) {
      const apiVersion = `${textAt(spec, 'group')}/${textAt(version, 'name')}`;
      const [kind, plural] = [textAt(names, 'kind'), textAt(names, 'plural')];
      if ([...knownPlaces, ...this.#places].some((known) => known.apiVersion === apiVersion && known.kind === kind))
        continue;
      this.#places.push({ apiVersion, kind, plural, namespaced: textAt(spec, 'scope') === 'Namespaced' });
    }
    const conditions = [{ type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: '' }];
    this.#store.put(place, { ...definition, status: { conditions } }, 'server');
  }
}
