import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { name: 'control-plane', include: ['src/**/*.test.ts'], exclude: ['**/*.e2e.test.ts'], testTimeout: 20_000 },
});
