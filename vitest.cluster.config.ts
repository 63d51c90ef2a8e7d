import { defineConfig } from 'vitest/config';

// The quickstart is brought up once; these files use its cluster, one at a time.
export default defineConfig({
  test: {
    name: 'cluster',
    include: ['test/e2e/{quickstart,lifecycle,crash}.e2e.test.ts'],
    globalSetup: ['test/e2e/cluster-setup.ts'],
    fileParallelism: false,
    pool: 'forks',
    testTimeout: 900_000,
    hookTimeout: 300_000,
    teardownTimeout: 120_000,
  },
});
