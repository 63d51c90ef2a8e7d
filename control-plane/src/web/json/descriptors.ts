import { createFileRegistry, fromBinary, type DescMethod, type FileRegistry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { descriptorSetBase64 } from '@flotilla/proto';

/** All published messages and services, as the protos say them. */
export function loadRegistry(): FileRegistry {
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, Buffer.from(descriptorSetBase64, 'base64')));
}

/** The method behind a path such as `/flotilla.operator.v1.ClusterService/GetCluster`. */
export function methodOf(registry: FileRegistry, path: string): DescMethod | undefined {
  const [, service = '', name] = path.split('/');
  return registry.getService(service)?.methods.find((method) => method.name === name);
}
