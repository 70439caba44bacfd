import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { bundleWorkflows } from '../../workers/bundle.js';
import { ROOT } from '../support/import-graph.js';

const DIRECTORY = join(ROOT, 'test/replay/histories');
const names = existsSync(DIRECTORY) ? readdirSync(DIRECTORY).filter((name) => name.endsWith('.json')) : [];

let code: string;
beforeAll(async () => {
  Runtime.install({ shutdownSignals: [], logger: new DefaultLogger('ERROR') });
  code = await bundleWorkflows(join(ROOT, 'workflows/index.ts'));
});

interface Kept {
  readonly workflowId: string;
  readonly history: object;
}

const keptOf = (name: string): Kept => JSON.parse(readFileSync(join(DIRECTORY, name), 'utf8')) as Kept; // by record-histories

const replay = ({ workflowId, history }: Kept): Promise<void> =>
  Worker.runReplayHistory({ workflowBundle: { code } }, historyFromJSON(history), workflowId);

test('a history of every species is kept', () => {
  const species = new Set(names.map((name) => name.replace(/(-.*)?\.json$/, '')));
  expect([...species].sort()).toEqual(['agentRun', 'epic', 'factory', 'mergeBuild', 'mergeQueue', 'task']);
});

describe('the code of today replays what the code of that day did', () => {
  for (const name of names) {
    test(name.replace('.json', ''), async () => {
      await replay(keptOf(name));
    });
  }
});

test('a history that today would not have made is refused', async () => {
  const kept = keptOf('task.json');
  const other = JSON.stringify(kept.history).replaceAll('"openTask"', '"openSomethingElse"');
  await expect(replay({ ...kept, history: JSON.parse(other) as object })).rejects.toThrow(
    /TMPRL1100|[Nn]ondeterminism/,
  );
});
