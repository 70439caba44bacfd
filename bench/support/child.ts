import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** A server in a process of its own that said where it listens. */
export interface ServerChild {
  readonly url: string;
  readonly pid: number;
  close(): Promise<void>;
}

/** Starts a file of this directory; it ends with its parent, or when the channel to it is closed. */
export const startServerChild = async (file: string, ...args: readonly string[]): Promise<ServerChild> => {
  const child = fork(join(import.meta.dirname, file), args);
  const [ready] = (await Promise.race([once(child, 'message'), diedBefore(child, file)])) as [{ readonly url: string }];
  return {
    url: ready.url,
    pid: child.pid ?? 0,
    close: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
};

const diedBefore = async (child: ChildProcess, file: string): Promise<never> => {
  const [code] = await once(child, 'exit');
  throw new Error(`${file} ended with ${code} before it listened`);
};
