/**
 * Ends this process with the answer of `work`, or with 130 once it was asked to end and `work` has cleaned up: what it
 * started would outlive it.
 */
export async function runUntilInterrupted(work: (interrupted: Promise<never>) => Promise<number>): Promise<never> {
  let isInterrupted = false;
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.on(signal, () => {
        isInterrupted = true;
        reject(new Error('Interrupted.'));
      });
  });
  interrupted.catch(() => {}); // whatever runs hears of it
  const code = await work(interrupted);
  process.exit(isInterrupted ? 130 : code);
}
