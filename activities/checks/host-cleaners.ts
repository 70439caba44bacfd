import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostCleaner } from '../git/ports.js';
import { removeLeftovers } from '../sandbox/clean.js';

export interface HostDirectories {
  /** Of the sandbox: scratch directories and what programs exchange. */
  readonly sandbox: string;
  readonly layers: string;
  readonly checkResults: string;
}

const HOUR_MS = 3_600_000;
/** No command runs longer than a day. */
const DEAD_MS = 25 * HOUR_MS;
const RESULT_MS = 24 * HOUR_MS;
const UNUSED_LAYER_MS = 30 * 24 * HOUR_MS;

const SCRATCH = /^(run|probe|program)-/;
const UNFINISHED = /^unfinished-/;
const LAYER = /^[0-9a-f]{64}$/;

const deadMs = (when: 'start' | 'sweep'): number => (when === 'start' ? 0 : DEAD_MS);

/** What the janitor of a host removes beside trees: ruins of killed commands, layers that nothing needs any more. */
export const createHostCleaners = (
  { sandbox, layers, checkResults }: HostDirectories,
  now: () => number = Date.now,
): readonly HostCleaner[] => [
  (when) =>
    removeLeftovers({ directory: join(sandbox, 'scratch'), pattern: SCRATCH, olderThanMs: deadMs(when) }, now()),
  (when) => removeLeftovers({ directory: sandbox, pattern: SCRATCH, olderThanMs: deadMs(when) }, now()),
  () => removeLeftovers({ directory: checkResults, pattern: /./, olderThanMs: RESULT_MS }, now()),
  async (when) => {
    let removed = 0;
    for (const project of await readdir(layers).catch(() => [])) {
      const directory = join(layers, project);
      removed += await removeLeftovers({ directory, pattern: UNFINISHED, olderThanMs: deadMs(when) }, now());
      removed += await removeLeftovers({ directory, pattern: LAYER, olderThanMs: UNUSED_LAYER_MS }, now());
    }
    return removed;
  },
];
