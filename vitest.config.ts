import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    projects: [
      'proto',
      'kit',
      'artifacts',
      'kube',
      'core',
      'health',
      'control-plane',
      'node-agent',
      'cli',
      'installer',
      'test',
    ],
  },
});
