import { loadConfig } from '../infra/config.js';
import { startStack } from './stack.js';

/** What the supervisor tells the `up` that started it, until it is ready. */
export type SupervisorMessage =
  | { readonly kind: 'progress'; readonly text: string }
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string };

const tell = (message: SupervisorMessage): void => {
  // Whoever started us may have gone; the log keeps what it would have seen.
  if (process.connected) process.send?.(message);
};

/** Runs the stack until a signal ends it. */
async function supervise(): Promise<number> {
  const stop = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  try {
    const stack = await startStack(loadConfig(), (text) => {
      process.stdout.write(`${text}\n`);
      tell({ kind: 'progress', text });
    });
    tell({ kind: 'ready' });
    await stop;
    await stack.stop();
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${message}\n`);
    tell({ kind: 'failed', message });
    return 1;
  }
}

process.exit(await supervise());
