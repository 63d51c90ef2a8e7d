import { flagOf, variableOf } from './load.js';
import { settings } from './settings.js';

/** Help of `flotilla-server run` and `check-config`, printed from the table of settings. */
export function settingsHelp(): string {
  const lines = settings.map(({ key, help, valueName, preset }) => {
    const flag = `--${flagOf(key)} ${valueName}`;
    return `  ${flag.padEnd(34)} ${help}${preset === '' ? '' : ` (default ${preset})`}`;
  });
  return [
    'Settings, as flags; as lines "name: value" of a YAML file; or as environment variables. Flags win, then variables.',
    '',
    '  --config FILE                      YAML file (default /etc/flotilla/server.yaml when it exists)',
    ...lines,
    '',
    `In the file --${flagOf('publicUrl')} is publicUrl, in the environment ${variableOf('publicUrl')}; likewise the others.`,
    '',
  ].join('\n');
}
