import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import {
  createFileRegistry,
  fromBinary,
  type DescEnum,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type DescService,
  type FileRegistry,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** The operator API as its protos say it, comments included. */
export interface ApiModel {
  readonly services: readonly DescService[];
  /** Messages and enums that requests and answers are made of, by full name, in order. */
  readonly messages: readonly DescMessage[];
  readonly enums: readonly DescEnum[];
  /** Comment of a thing by its full name; of a field `message.field`, of a value `enum.VALUE`; empty = it has none. */
  readonly comment: (fullName: string) => string;
}

const packageName = 'flotilla.operator.v1';
const bytesMax = 32 * 1024 * 1024;

/** Reads the protos of the repository. */
export function loadModel(root: string): ApiModel {
  const buf = join(root, 'node_modules', '.bin', 'buf');
  const args = ['build', join(root, 'proto'), '-o', '-#format=binpb', '--as-file-descriptor-set'];
  const image = execFileSync(buf, args, { maxBuffer: bytesMax });
  return modelOf(createFileRegistry(fromBinary(FileDescriptorSetSchema, image)));
}

function modelOf(registry: FileRegistry): ApiModel {
  const comments = new Map<string, string>();
  for (const file of registry.files) collectComments(file, comments);
  const services = [...registry.files]
    .filter((file) => file.proto.package === packageName)
    .flatMap((file) => file.services)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const found = new Map<string, DescMessage | DescEnum>();
  for (const { input, output } of services.flatMap(({ methods }) => methods)) {
    visit(input, found);
    visit(output, found);
  }
  const all = [...found.values()].sort((a, b) => (a.typeName < b.typeName ? -1 : 1));
  return {
    services,
    messages: all.filter((type) => type.kind === 'message'),
    enums: all.filter((type) => type.kind === 'enum'),
    comment: (fullName) => comments.get(fullName) ?? '',
  };
}

/** Messages that JSON writes as a text have no fields to show. */
export function isPlain(message: DescMessage): boolean {
  return !message.typeName.startsWith('google.protobuf.');
}

function visit(type: DescMessage | DescEnum, found: Map<string, DescMessage | DescEnum>): void {
  if (found.has(type.typeName)) return;
  if (type.kind === 'enum') {
    found.set(type.typeName, type);
    return;
  }
  if (!isPlain(type)) return;
  found.set(type.typeName, type);
  for (const field of type.fields) {
    if (field.message !== undefined) visit(field.message, found);
    if (field.enum !== undefined) visit(field.enum, found);
  }
}

/** Source positions name things by their place in the file: 4 = message, 5 = enum, 6 = service, 2 = member, 3 = nested. */
function collectComments(file: DescFile, comments: Map<string, string>): void {
  const byPath = new Map<string, string>();
  for (const { path, leadingComments } of file.proto.sourceCodeInfo?.location ?? []) {
    const text = leadingComments
      .split('\n')
      .map((line) => line.trim())
      .join('\n')
      .trim();
    if (text !== '') byPath.set(path.join('.'), text);
  }
  const note = (name: string, path: string): void => {
    const text = byPath.get(path);
    if (text !== undefined) comments.set(name, text);
  };
  file.messages.forEach((message, i) => noteMessage(message, `4.${i}`, note));
  file.enums.forEach((type, i) => noteEnum(type, `5.${i}`, note));
  file.services.forEach((service, i) => {
    note(service.typeName, `6.${i}`);
    service.methods.forEach((method, j) => note(methodName(method), `6.${i}.2.${j}`));
  });
}

type Note = (name: string, path: string) => void;

function noteMessage(message: DescMessage, path: string, note: Note): void {
  note(message.typeName, path);
  message.fields.forEach((field, i) => note(`${message.typeName}.${field.name}`, `${path}.2.${i}`));
  message.nestedMessages
    .filter(({ proto }) => proto.options?.mapEntry !== true)
    .forEach((nested, i) => noteMessage(nested, `${path}.3.${i}`, note));
}

function noteEnum(type: DescEnum, path: string, note: Note): void {
  note(type.typeName, path);
  type.values.forEach((value, i) => note(`${type.typeName}.${value.name}`, `${path}.2.${i}`));
}

export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}.${method.name}`;
}
