#!/usr/bin/env node
// npm links this file when it installs, which is before anything is built.
'use strict';

const { existsSync } = require('node:fs');
const { join } = require('node:path');

const program = join(__dirname, '..', 'dist', 'flotilla.cjs');
if (existsSync(program)) require(program);
else {
  process.stderr.write('flotilla is not built yet. Run: npm run build\n');
  process.exitCode = 1;
}
