import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { name: 'health', include: ['src/**/*.test.ts'], exclude: ['**/*.e2e.test.ts'], testTimeout: 30_000 },
});
