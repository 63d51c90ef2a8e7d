import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock, toFlotillaError } from '@flotilla/kit';
import { BuildSource, hostArchitecture } from './build/source.js';
import { openMirror } from './mirror.js';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { out: { type: 'string' }, cache: { type: 'string' } } });
void homedir; void resolve; void toFlotillaError;
const cache = values.cache ?? `${homedir()}/.cache/flotilla/artifacts`;
const mirror = openMirror(values.out ?? `${cache}/mirror`, { clock: systemClock });
const version = positionals[1] ?? '';
const m = await mirror.sync(version, hostArchitecture() ?? 'amd64', new BuildSource({ cacheDir: cache, clock: systemClock }), {
  signal: new AbortController().signal, progress: (p) => console.error(JSON.stringify(p)),
});
console.log(JSON.stringify(m, null, 1));
