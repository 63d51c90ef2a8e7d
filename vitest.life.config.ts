import { defineConfig } from 'vitest/config';

// One ground of nine servers is made once; these files make clusters on it and give it back, one file at a time.
export default defineConfig({
  test: {
    name: 'life',
    include: ['test/e2e/{life,heal}/*.e2e.test.ts'],
    globalSetup: ['test/e2e/ground/setup.ts'],
    fileParallelism: false,
    pool: 'forks',
    testTimeout: 300_000,
    hookTimeout: 600_000,
    teardownTimeout: 180_000,
  },
});
