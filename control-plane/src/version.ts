import facts from '../package.json' with { type: 'json' };

/** Of this server; agents and clients of the same version were tested together. */
export const version: string = facts.version;
