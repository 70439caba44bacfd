import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface InstantModel {
  readonly url: string;
  close(): Promise<void>;
}

/** A Messages API without any latency of its own, in a process of its own. */
export const startInstantModel = async (): Promise<InstantModel> => {
  const child = fork(join(import.meta.dirname, 'instant-model.main.js'));
  const [ready] = (await once(child, 'message')) as [{ readonly url: string }];
  return {
    url: ready.url,
    close: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
};
