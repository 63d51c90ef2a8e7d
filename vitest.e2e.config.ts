import { defineConfig } from 'vitest/config';

// Real servers and real Kubernetes: one file at a time, because they share the machine.
export default defineConfig({
  test: {
    name: 'servers',
    include: ['**/*.e2e.test.ts'],
    exclude: [
      '**/node_modules/**',
      '**/dist/**',
      'test/e2e/{quickstart,lifecycle,crash}.e2e.test.ts',
      'test/e2e/{life,heal}/**',
    ],
    fileParallelism: false,
    pool: 'forks',
    testTimeout: 600_000,
    hookTimeout: 900_000,
    teardownTimeout: 120_000,
  },
});
