/** A token that ends sooner is not handed out any more: the join would race it. */
export const bootstrapTokenLeftMsMin = 2 * 60_000;

/** Label of our token Secrets, so that those of one machine are found, and those that were forgotten. */
export const bootstrapTokenLabel = 'flotilla.dev/bootstrap-token-of';
