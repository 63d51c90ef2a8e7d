import { defineConfig } from 'vitest/config';

// Whole stories run in simulated time: on a loaded machine they take seconds of real time, and no test waits for any.
const testTimeout = 60_000;

export default defineConfig({
  test: { name: 'core', include: ['src/**/*.test.ts'], exclude: ['**/*.e2e.test.ts'], testTimeout },
});
