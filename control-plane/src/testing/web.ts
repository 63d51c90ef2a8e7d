import { Agent, request as httpsRequest } from 'node:https';
import type { TestServer } from './server.js';

export interface WebAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** One HTTPS request of its own connection; the path goes out as it is written. */
export function askWeb(
  server: Pick<TestServer, 'port' | 'admin'>,
  path: string,
  over: { method?: string; headers?: Record<string, string>; body?: string | Buffer; agent?: Agent } = {},
): Promise<WebAnswer> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = {} } = over;
    const options = {
      host: '127.0.0.1',
      port: server.port,
      path,
      method,
      headers,
      ca: server.admin.caPem,
      agent: over.agent ?? false,
    };
    const request = httpsRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    request.on('error', reject);
    request.end(over.body);
  });
}

/** Hundreds of calls share a few connections. */
const kept = new Agent({ keepAlive: true, maxSockets: 8 });

/** Calls one operator method as JSON. `key` empty = without one. */
export async function callJson(
  server: Pick<TestServer, 'port' | 'admin'>,
  method: string,
  body: unknown,
  key = server.admin.apiKey,
): Promise<{ readonly status: number; readonly body: Readonly<Record<string, unknown>> }> {
  const headers = {
    'content-type': 'application/json',
    ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
  };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const answer = await askWeb(server, `/flotilla.operator.v1.${method}`, {
    method: 'POST',
    headers,
    body: text,
    agent: kept,
  });
  return { status: answer.status, body: JSON.parse(answer.text) as Readonly<Record<string, unknown>> };
}
