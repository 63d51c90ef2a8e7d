// FakeAgent: stands in for the agent bundle where only the installer is under test. It enrolls by spending the token.
'use strict';
const fs = require('node:fs');

const VERSION = '0.0.0-fake';
const TOKEN = '/etc/flotilla/token';
const STATE = '/var/lib/flotilla-agent';
const [verb, ...options] = process.argv.slice(2);

function run() {
  // What the service was given is looked at by the cases.
  const names = ['http_proxy', 'https_proxy', 'no_proxy', 'NODE_OPTIONS', 'MALLOC_ARENA_MAX'];
  const env = Object.fromEntries(names.map((name) => [name, process.env[name] ?? null]));
  fs.writeFileSync(`${STATE}/seen.json`, JSON.stringify({ env, flags: process.execArgv, umask: process.umask() }));
  if (fs.existsSync(TOKEN)) {
    fs.writeFileSync(`${STATE}/machine.json`, JSON.stringify({ token: fs.readFileSync(TOKEN, 'utf8').trim() }));
    fs.rmSync(TOKEN);
  }
  setInterval(() => undefined, 60_000);
}

function leave() {
  if (fs.existsSync('/run/fake-leave-fails')) {
    console.error('LEAVE_FAILED  the fleet does not answer');
    process.exit(1);
  }
  for (const name of fs.readdirSync(STATE)) fs.rmSync(`${STATE}/${name}`, { recursive: true });
  console.log('left the fleet');
}

if (verb === 'version') console.log(VERSION);
else if (verb === 'run') run();
else if (verb === 'status') console.log(`status ${options.join(' ')}`);
else if (verb === 'leave' && options.join(' ') === '--yes') leave();
else process.exit(2);
