/** Where packages of a suite come from. */
export interface AptSource {
  readonly uri: string;
  readonly suite: string;
}

/** The sources of one-line (`deb …`) and deb822 (`Types: deb`) files, in the order they stand there. */
export function parseAptSources(text: string): AptSource[] {
  return [...parseOneLine(text), ...parseStanzas(text)];
}

function parseOneLine(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const match = /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/.exec(line.trim());
    const [, uri, suite] = match ?? [];
    return uri === undefined || suite === undefined ? [] : [{ uri, suite }];
  });
}

function parseStanzas(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const lines = stanza.split('\n').filter((line) => !line.startsWith('#'));
    const field = (name: string): string[] => {
      const line = lines.find((candidate) => candidate.toLowerCase().startsWith(`${name}:`));
      return line === undefined
        ? []
        : line
            .slice(name.length + 1)
            .trim()
            .split(/\s+/);
    };
    if (!field('types').includes('deb') || field('enabled')[0] === 'no') return [];
    return field('uris').flatMap((uri) => field('suites').map((suite) => ({ uri, suite })));
  });
}

/** The mirror that serves exactly this suite, or null: updates and third-party sources have other suite names. */
export function pickMirror(sources: readonly AptSource[], suite: string): string | null {
  const uri = sources.find((source) => source.suite === suite)?.uri;
  return uri === undefined ? null : uri.replace(/\/+$/, '');
}
