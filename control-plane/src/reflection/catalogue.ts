import { toBinary, type DescFile, type FileRegistry } from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/** Serialized FileDescriptorProtos: the one asked for first, then everything it imports, each once. */
export type Files = readonly Uint8Array[];

/** What reflection may tell of the protos. */
export interface Catalogue {
  /** Full names of all services, sorted. */
  readonly services: readonly string[];
  /** By the path that imports name, such as `flotilla/types/v1/pool.proto`. */
  fileNamed(path: string): Files | undefined;
  /** By the full name, without a leading dot, of anything a file defines: a service, method, message, field, enum, … */
  fileWith(symbol: string): Files | undefined;
  hasMessage(name: string): boolean;
}

/** Indexes the files of a registry once; nothing is encoded again for a request. */
export function catalogueOf(registry: FileRegistry): Catalogue {
  const byPath = new Map<string, Files>();
  const bySymbol = new Map<string, Files>();
  const encoded = new Map<DescFile, Uint8Array>();
  for (const file of registry.files) encoded.set(file, toBinary(FileDescriptorProtoSchema, file.proto));
  for (const file of registry.files) {
    const files = [...withImports(file)].flatMap((each) => encoded.get(each) ?? []);
    byPath.set(file.proto.name, files);
    for (const symbol of symbolsOf(file)) bySymbol.set(symbol, files);
  }
  const services = [...registry.files].flatMap((file) => file.services.map(({ typeName }) => typeName));
  return {
    services: services.sort(),
    fileNamed: (path) => byPath.get(path),
    fileWith: (symbol) => bySymbol.get(symbol),
    hasMessage: (name) => registry.getMessage(name) !== undefined,
  };
}

function withImports(file: DescFile): Set<DescFile> {
  // A set is walked in the order of insertion, over what is added on the way too.
  const found = new Set([file]);
  for (const each of found) for (const imported of each.dependencies) found.add(imported);
  return found;
}

function* symbolsOf(file: DescFile): Generator<string> {
  for (const type of nestedTypes(file)) {
    yield type.typeName;
    switch (type.kind) {
      case 'service':
        for (const method of type.methods) yield `${type.typeName}.${method.name}`;
        break;
      case 'message':
        for (const { name } of [...type.fields, ...type.oneofs]) yield `${type.typeName}.${name}`;
        break;
      case 'enum': {
        // Values live in the scope around their enum, not inside it.
        const scope = type.parent?.typeName ?? file.proto.package;
        for (const { name } of type.values) yield `${scope}.${name}`;
        break;
      }
      case 'extension':
    }
  }
}
