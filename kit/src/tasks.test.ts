import { expect, test } from 'vitest';
import { runTasks, type Task } from './tasks.js';

function recorded(name: string, log: string[]): Task {
  return {
    name,
    run: (signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          log.push(`stop ${name}`);
          resolve();
        }),
      ),
  };
}

test('stop order is the reverse of start', async () => {
  const log: string[] = [];
  const controller = new AbortController();
  const run = runTasks([recorded('store', log), recorded('engine', log), recorded('listener', log)], controller.signal);
  controller.abort();
  await run;
  expect(log).toEqual(['stop listener', 'stop engine', 'stop store']);
});

test('the first failure stops all others and is rethrown', async () => {
  const log: string[] = [];
  const failing: Task = { name: 'bad', run: () => Promise.reject(new Error('disk is gone')) };
  await expect(runTasks([recorded('store', log), failing], new AbortController().signal)).rejects.toThrow(
    'disk is gone',
  );
  expect(log).toEqual(['stop store']);
});

test('a task that ends early is a failure', async () => {
  const early: Task = { name: 'short', run: () => Promise.resolve() };
  await expect(runTasks([early], new AbortController().signal)).rejects.toThrow('task short ended early');
});
