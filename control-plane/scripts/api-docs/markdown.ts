import type { DescEnum, DescField, DescMessage, DescMethod, DescService } from '@bufbuild/protobuf';
import { ScalarType } from '@bufbuild/protobuf';
import { isPlain, methodName, type ApiModel } from './api-model.js';
import { pathOf } from './openapi.js';
import { roleOf } from './roles.js';

const head = `# API reference

Written from the protos by control-plane/scripts/api-docs; do not edit.

Everything an operator can do is a method of \`flotilla.operator.v1\`. The same methods are served, on the one port of the
server (7440) and behind the same checks, as

- **gRPC** (TLS, HTTP/2). Server reflection and \`grpc.health.v1\` are on: \`grpcurl -cacert ca.pem -H "authorization: Bearer $KEY" fleet.example.org:7440 list\`
- **JSON over HTTPS**, in the unary form of the Connect protocol: \`POST /flotilla.operator.v1.<Service>/<Method>\`. Field names are
  in camel case, durations are \`"90s"\`, times are RFC 3339, 64-bit numbers are texts, enums are their names, field masks are
  \`"labels,spec.size"\`. Every field is in every answer. As OpenAPI: \`GET /openapi.json\`
- **WebSocket** \`/v1/feed\` for events as they happen: send \`{"authorization": "Bearer …", "project": "default"}\`, then each
  message is a \`WatchEventsResponse\`. \`afterRevision\` resumes, \`resourceKind\` and \`resource\` choose.

\`\`\`
curl --cacert ca.pem -H "authorization: Bearer $KEY" -H 'content-type: application/json' \\
  -d '{"cluster": "demo"}' https://fleet.example.org:7440/flotilla.operator.v1.ClusterService/GetCluster
\`\`\`

An error has a gRPC code, a sentence, and details: \`ErrorInfo\` (a stable reason such as \`ETAG_MISMATCH\`), \`BadRequest\` (each
field with its rule), \`Help\` (what to do), \`RetryInfo\`. What is refused has written nothing.

- **Who**: \`authorization: Bearer flk_<id>.<secret>\`. The role is the one in the project that the request names; empty = the key's own.
- **Lists**: \`pageSize\` (at most 500), \`pageToken\`, \`filter\` (\`state = RUNNING AND labels.team = web\`), \`orderBy\` (\`name desc\`).
- **Updates**: \`updateMask\` names what changes. \`etag\` from what was read refuses a lost update; without it the newest is changed.
- **Writes**: \`options.requestId\` makes a repeat within 24 h give the first answer; \`options.validateOnly\` checks everything and writes nothing.
`;

/** The reference as one page. */
export function markdownOf(model: ApiModel): string {
  const contents = model.services.map(
    (s) => `- [${s.name}](#${s.name.toLowerCase()}): ${s.methods.map((m) => m.name).join(', ')}`,
  );
  const own = new Set(model.services.flatMap((s) => s.methods.flatMap((m) => [m.input.typeName, m.output.typeName])));
  const types = [...model.messages.filter(({ typeName }) => !own.has(typeName)), ...model.enums].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  return [
    head,
    '## Services\n',
    `${contents.join('\n')}\n`,
    ...model.services.map((service) => serviceText(model, service)),
    '## Types\n',
    ...types.map((type) => (type.kind === 'enum' ? enumText(model, type) : messageText(model, type))),
  ].join('\n');
}

function serviceText(model: ApiModel, service: DescService): string {
  const comment = model.comment(service.typeName);
  return [
    `## ${service.name}\n`,
    ...(comment === '' ? [] : [`${comment}\n`]),
    ...service.methods.map((method) => methodText(model, method)),
  ].join('\n');
}

function methodText(model: ApiModel, method: DescMethod): string {
  const comment = model.comment(methodName(method));
  const stream = method.methodKind === 'unary' ? '' : ' Answers with a stream: gRPC only.';
  return [
    `### ${method.name}\n`,
    `\`${pathOf(method)}\`. Least role: ${roleOf(method)}.${stream}\n`,
    ...(comment === '' ? [] : [`${comment}\n`]),
    fieldsText(model, method.input, 'Request'),
    fieldsText(model, method.output, 'Answer'),
  ].join('\n');
}

function messageText(model: ApiModel, message: DescMessage): string {
  const comment = model.comment(message.typeName);
  return [
    `### ${message.name}\n`,
    ...(comment === '' ? [] : [`${comment}\n`]),
    fieldsText(model, message, 'Field'),
  ].join('\n');
}

function enumText(model: ApiModel, type: DescEnum): string {
  const comment = model.comment(type.typeName);
  const rows = type.values.map(({ name }) => `| \`${name}\` | ${cell(model.comment(`${type.typeName}.${name}`))} |`);
  return [
    `### ${type.name}\n`,
    ...(comment === '' ? [] : [`${comment}\n`]),
    '| value | |',
    '|---|---|',
    ...rows,
    '',
  ].join('\n');
}

function fieldsText(model: ApiModel, message: DescMessage, title: string): string {
  if (message.fields.length === 0) return `${title}: nothing.\n`;
  const rows = message.fields.map((field) => {
    const comment = model.comment(`${message.typeName}.${field.name}`);
    return `| \`${field.jsonName}\` | ${typeText(field)} | ${cell(comment)} |`;
  });
  return [`| ${title} | type | |`, '|---|---|---|', ...rows, ''].join('\n');
}

function typeText(field: DescField): string {
  const of = (): string => {
    if (field.message !== undefined) return isPlain(field.message) ? link(field.message) : field.message.name;
    if (field.enum !== undefined) return link(field.enum);
    return (ScalarType[field.scalar ?? ScalarType.STRING] ?? '').toLowerCase();
  };
  if (field.fieldKind === 'list') return `list of ${of()}`;
  if (field.fieldKind === 'map') return `map of ${of()}`;
  return of();
}

function link(type: { readonly name: string }): string {
  return `[${type.name}](#${type.name.toLowerCase()})`;
}

function cell(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replace(/\|/g, '\\|');
}
