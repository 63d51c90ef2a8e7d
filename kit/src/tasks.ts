/** Everything long-lived has this shape: it ends when the signal is aborted, or fails. */
export interface Task {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Runs all tasks until the signal is aborted or one of them fails or ends early; then stops them in reverse order, each
 * fully before the next, and rethrows the first failure.
 */
export async function runTasks(tasks: readonly Task[], signal: AbortSignal): Promise<void> {
  let failure: unknown;
  let failed = false;
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  const onAbort = (): void => stop();
  if (signal.aborted) stop();
  signal.addEventListener('abort', onAbort, { once: true });

  const running = tasks.map((task) => {
    const controller = new AbortController();
    const done = Promise.resolve()
      .then(() => task.run(controller.signal))
      .then(
        () => {
          if (!controller.signal.aborted) fail(new Error(`task ${task.name} ended early`));
        },
        (error: unknown) => {
          if (!controller.signal.aborted) fail(error);
        },
      );
    return { controller, done };
  });
  function fail(error: unknown): void {
    if (!failed) failure = error;
    failed = true;
    stop();
  }

  await stopped;
  signal.removeEventListener('abort', onAbort);
  for (const { controller, done } of running.reverse()) {
    controller.abort(new Error('stopping'));
    await done;
  }
  if (failed) throw failure;
}
