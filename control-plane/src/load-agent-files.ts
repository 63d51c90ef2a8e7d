import { join } from 'node:path';
import { parseAgentManifest, renderInstaller, type AgentManifest } from '@flotilla/installer';
import { FlotillaError, toFlotillaError, type Logger } from '@flotilla/kit';
import { factsOf, loadText } from './adapters/disk.js';
import type { AgentFiles } from './web/agent-files.js';
import type { ServedFile } from './web/respond.js';

const scriptBytesMax = 1024 * 1024;

export interface ServerPins {
  readonly publicUrl: string;
  readonly publicKeyPin: string;
  readonly caPin: string;
}

/**
 * Loads the directory that `npm run build -w installer` makes. Undefined, with the reason in the log, when it is
 * missing or damaged: the server runs without it, but machines cannot be added by one line.
 */
export async function loadAgentFiles(dir: string, pins: ServerPins, log: Logger): Promise<AgentFiles | undefined> {
  try {
    return await load(dir, pins, log);
  } catch (thrown) {
    const error = toFlotillaError(thrown);
    // A damaged download must not keep a fleet from being managed: only new machines need it.
    log.error(
      { agentDir: dir, code: error.code, err: error.message, remedy: error.remedy },
      'the agent cannot be handed out: /install.sh will answer 503',
    );
    return undefined;
  }
}

async function load(dir: string, pins: ServerPins, log: Logger): Promise<AgentFiles | undefined> {
  const manifest = await loadText(join(dir, 'agent', 'manifest.json'), scriptBytesMax);
  if (manifest === undefined) {
    log.warn(
      { agentDir: dir },
      'no agent to hand out: /install.sh will answer 503; build it with: npm run build -w installer',
    );
    return undefined;
  }
  const parsed = parseAgentManifest(manifest);
  const facts = {
    serverUrl: pins.publicUrl,
    publicKeyPin: pins.publicKeyPin,
    caPin: pins.caPin,
    agentVersion: parsed.version,
  };
  const scripts = new Map<string, string>();
  for (const name of ['install.sh', 'uninstall.sh']) {
    const template = await loadText(join(dir, name), scriptBytesMax);
    if (template === undefined) throw incomplete(join(dir, name), 'is missing');
    scripts.set(name, renderInstaller(template, facts));
  }
  return { version: parsed.version, manifest, scripts, files: await servedFiles(dir, parsed) };
}

async function servedFiles(dir: string, manifest: AgentManifest): Promise<Map<string, ServedFile>> {
  const files = new Map<string, ServedFile>();
  for (const [arch, { files: listed }] of Object.entries(manifest.arches)) {
    for (const { download } of listed) {
      const path = join(dir, 'agent', arch, download.name);
      const facts = await factsOf(path);
      if (facts?.regular !== true || facts.sizeBytes !== download.sizeBytes)
        throw incomplete(path, 'is not what the manifest says');
      const { sizeBytes, sha256 } = download;
      files.set(`${arch}/${download.name}`, { path, sizeBytes, sha256, contentType: 'application/octet-stream' });
    }
  }
  return files;
}

function incomplete(path: string, what: string): FlotillaError {
  return new FlotillaError('AGENT_FILES_INCOMPLETE', `${path} ${what}.`, {
    kind: 'precondition',
    remedy: 'Build the agent again (npm run build -w installer), or set agentDir to a complete directory.',
  });
}
