import manifest from '../package.json' with { type: 'json' };

/** Version of this command, as in package.json. */
export const cliVersion: string = manifest.version;
