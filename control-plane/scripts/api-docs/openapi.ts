import { ScalarType, type DescField, type DescMessage, type DescMethod } from '@bufbuild/protobuf';
import { isPlain, methodName, type ApiModel } from './api-model.js';
import { roleOf } from './roles.js';

type Json = Readonly<Record<string, unknown>>;

/** The unary methods in the OpenAPI format, 3.1. */
export function openApiOf(model: ApiModel): Json {
  const methods = model.services.flatMap((service) => service.methods);
  const paths = methods
    .filter(({ methodKind }) => methodKind === 'unary')
    .map((method) => [pathOf(method), { post: operation(model, method) }]);
  const messages = model.messages.map((message) => [message.typeName, messageSchema(model, message)]);
  const enums = model.enums.map((type) => {
    const values = type.values.map(({ name }) => name);
    return [type.typeName, { ...described(model, type.typeName), type: 'string', enum: values }];
  });
  return {
    openapi: '3.1.0',
    info: {
      title: 'Flotilla operator API',
      version: 'v1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'The operator methods of flotilla-server as JSON over HTTPS, in the unary form of the Connect protocol. The same methods are served over gRPC. Events as they happen: WebSocket /v1/feed.',
    },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }],
    tags: model.services.map((service) => ({ name: service.name, ...described(model, service.typeName) })),
    paths: Object.fromEntries(paths) as Json,
    components: {
      securitySchemes: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key: flk_<id>.<secret>' } },
      schemas: { ...(Object.fromEntries([...messages, ...enums]) as Json), Error: errorSchema },
    },
  };
}

export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function operation(model: ApiModel, method: DescMethod): Json {
  const comment = model.comment(methodName(method));
  return {
    operationId: `${method.parent.name}_${method.name}`,
    tags: [method.parent.name],
    description: [comment, `Least role: ${roleOf(method)}.`].filter((text) => text !== '').join('\n\n'),
    requestBody: { required: true, content: json(ref(method.input)) },
    responses: {
      '200': { description: 'Done.', content: json(ref(method.output)) },
      default: {
        description: 'Refused or failed; nothing was written.',
        content: json({ $ref: '#/components/schemas/Error' }),
      },
    },
  };
}

function json(schema: Json): Json {
  return { 'application/json': { schema } };
}

function ref(type: { readonly typeName: string }): Json {
  return { $ref: `#/components/schemas/${type.typeName}` };
}

function described(model: ApiModel, name: string): Json {
  const description = model.comment(name);
  return description === '' ? {} : { description };
}

function messageSchema(model: ApiModel, message: DescMessage): Json {
  const fields = message.fields.map((field) => {
    const name = `${message.typeName}.${field.name}`;
    return [field.jsonName, { ...fieldSchema(field), ...described(model, name) }];
  });
  return {
    ...described(model, message.typeName),
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(fields) as Json,
  };
}

function fieldSchema(field: DescField): Json {
  switch (field.fieldKind) {
    case 'scalar':
      return scalarSchema(field.scalar);
    case 'enum':
      return ref(field.enum);
    case 'message':
      return typeSchema(field.message);
    case 'list':
      return { type: 'array', items: itemSchema(field) };
    case 'map':
      return { type: 'object', additionalProperties: itemSchema(field) };
  }
}

function itemSchema(field: DescField & { fieldKind: 'list' | 'map' }): Json {
  if (field.message !== undefined) return typeSchema(field.message);
  if (field.enum !== undefined) return ref(field.enum);
  return scalarSchema(field.scalar ?? ScalarType.STRING);
}

function typeSchema(message: DescMessage): Json {
  if (isPlain(message)) return ref(message);
  const texts: Readonly<Record<string, Json>> = {
    'google.protobuf.Timestamp': { type: 'string', format: 'date-time' },
    'google.protobuf.Duration': { type: 'string', pattern: '^-?[0-9]+(\\.[0-9]{1,9})?s$', examples: ['90s'] },
    'google.protobuf.FieldMask': { type: 'string', examples: ['labels,spec.size'] },
  };
  return texts[message.typeName] ?? { type: 'object' };
}

function scalarSchema(type: ScalarType): Json {
  switch (type) {
    case ScalarType.STRING:
      return { type: 'string' };
    case ScalarType.BOOL:
      return { type: 'boolean' };
    case ScalarType.BYTES:
      return { type: 'string', contentEncoding: 'base64' };
    case ScalarType.INT32:
      return { type: 'integer', format: 'int32' };
    case ScalarType.INT64:
      // JSON numbers lose digits beyond 2^53.
      return { type: 'string', format: 'int64' };
    default:
      return { type: 'number' };
  }
}

const errorSchema: Json = {
  description: 'An error as the Connect protocol has it.',
  type: 'object',
  required: ['code', 'message'],
  properties: {
    code: { type: 'string', description: 'The gRPC code in lower case, for example not_found.' },
    message: { type: 'string', description: 'One sentence for people.' },
    details: {
      type: 'array',
      description:
        'google.rpc.ErrorInfo (stable reason), google.rpc.BadRequest (fields), google.rpc.Help (what to do), google.rpc.RetryInfo.',
      items: {
        type: 'object',
        required: ['type', 'value'],
        properties: {
          type: { type: 'string' },
          value: { type: 'string', description: 'The message in protobuf, base64 without padding.' },
          debug: { description: 'The same as JSON.' },
        },
      },
    },
  },
};
