import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { name: 'installer-e2e', include: ['cases/**/*.e2e.test.ts'], fileParallelism: false },
});
