import { FlotillaError, toFlotillaError } from '@flotilla/kit';
import type { Call, Session } from '../call.js';
import { configPath } from '../context.js';
import { bad, type Finding, ok } from '../doctor/finding.js';
import { probe, type Probe } from '../doctor/probe.js';
import {
  checkClock,
  checkHealth,
  checkMirror,
  checkPin,
  checkRole,
  checkVersions,
  serverInfo,
} from '../doctor/server-checks.js';
import { field } from '../output/describe.js';
import { parseFormat, renderData } from '../output/format.js';

/** `flotilla doctor`: 1 when something is bad. */
export async function doctor(call: Call): Promise<void> {
  const format = parseFormat(call.options.text('output'));
  const findings = await examine(call);
  if (findings.some(({ state }) => state === 'bad')) call.exitCode = 1;
  if (format.kind === 'name') for (const { check, state } of findings) call.print(`${check}/${state}`);
  else if (format.kind !== 'table')
    call.env.stdout.write(await renderData(format, { kind: 'FindingList', items: findings }));
  else call.print(findings.flatMap((finding) => lines(call, finding)).join('\n'));
}

/** One after the other; what cannot be asked without the one before is not asked. */
export async function examine(call: Call): Promise<readonly Finding[]> {
  const [context, session] = await checkContext(call);
  if (session === undefined) return [context];
  const [reach, seen] = await checkReach(call, session);
  if (seen === undefined) return [context, reach];
  const info = await attempt('server', () => serverInfo(session));
  if ('finding' in info)
    return [context, reach, checkHealth(seen), checkClock(seen, call.env.clock.now().wallMs), info.finding];
  const role = await attempt('role', () => checkRole(session));
  const mirror = await attempt('mirror', () => checkMirror(session));
  return [
    context,
    reach,
    ...checkPin(seen, session.context, info.value),
    checkClock(seen, call.env.clock.now().wallMs),
    checkHealth(seen),
    ...checkVersions(info.value, session.context),
    'finding' in role ? role.finding : role.value,
    'finding' in mirror ? mirror.finding : mirror.value,
  ];
}

async function checkContext(call: Call): Promise<[Finding, Session | undefined]> {
  const found = await attempt('context', () => call.session());
  if ('finding' in found) return [found.finding, undefined];
  const { context, project } = found.value;
  return [ok('context', `${context.name}, project ${project}, from ${sourceOf(call)}, for you alone`), found.value];
}

/** The file that the context came from, as `resolveContext` chose it. */
function sourceOf({ env, options }: Call): string {
  const adminFile = env.vars['FLOTILLA_ADMIN_FILE'] ?? '';
  const byName = options.given('context') || (env.vars['FLOTILLA_CONTEXT'] ?? '') !== '';
  return adminFile !== '' && !byName ? adminFile : configPath(env);
}

async function checkReach(call: Call, { context }: Session): Promise<[Finding, Probe | undefined]> {
  const startMs = call.env.clock.now().monotonicMs;
  try {
    const seen = await probe(context, '/readyz', call.env.signal);
    const tookMs = Math.round(call.env.clock.now().monotonicMs - startMs);
    return [ok('reach', `${context.server} answers in ${tookMs} ms`), seen];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const untrusted = /certificate|self.signed|altname|unable to verify/i.test(why);
    const cure = untrusted
      ? 'Another server stands there, or its address changed: flotilla login --from <admin.json>'
      : `Is flotilla-server running, and is its port open from here? From here: curl -k ${context.server}/healthz`;
    return [bad(untrusted ? 'tls' : 'reach', `${context.server}: ${why}`, cure), undefined];
  }
}

async function attempt<T>(check: string, work: () => Promise<T>): Promise<{ value: T } | { finding: Finding }> {
  try {
    return { value: await work() };
  } catch (error) {
    const { code, message, remedy } = toFlotillaError(error);
    if (error instanceof FlotillaError && error.kind === 'cancelled') throw error;
    return { finding: bad(check, `${code}: ${message}`, remedy) };
  }
}

function lines(call: Call, { check, state, text, cure }: Finding): string[] {
  const tone = state === 'ok' ? 'good' : state === 'warn' ? 'busy' : 'bad';
  const [first = '', ...rest] = field('', cure === '' ? text : `${text}\n${cure}`).map((line) => line.trimStart());
  const indent = ' '.repeat(17);
  return [`  ${call.paint(state.padEnd(5), tone)} ${check.padEnd(9)}${first}`, ...rest.map((line) => indent + line)];
}
