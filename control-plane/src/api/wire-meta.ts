import { ResourceMeta } from '@flotilla/proto';

/** An etag is opaque to callers; ours is the version. */
export function etagOf(record: { readonly version: number }): string {
  return `v${record.version}`;
}

export interface MetaSource {
  readonly id: string;
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  readonly labels?: Readonly<Record<string, string>>;
}

export function toMeta(source: MetaSource, name: string, project: string, deletedAtMs?: number): ResourceMeta {
  return ResourceMeta.create({
    id: source.id,
    name,
    project,
    createTime: new Date(source.createdAtMs),
    updateTime: new Date(source.updatedAtMs),
    etag: etagOf(source),
    labels: { ...source.labels },
    deleteTime: toDate(deletedAtMs),
  });
}

export function toDate(ms: number | undefined): Date | undefined {
  return ms === undefined ? undefined : new Date(ms);
}
