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

const historyOf = (name: string): ReturnType<typeof historyFromJSON> =>
  historyFromJSON(JSON.parse(readFileSync(join(DIRECTORY, name), 'utf8')));

test('a history of every species is kept', () => {
  const species = new Set(names.map((name) => name.replace(/(-.*)?\.json$/, '')));
  expect([...species].sort()).toEqual(['agentRun', 'epic', 'factory', 'mergeBuild', 'mergeQueue', 'task']);
});

describe('the code of today replays what the code of that day did', () => {
  for (const name of names) {
    test(name.replace('.json', ''), async () => {
      await Worker.runReplayHistory({ workflowBundle: { code } }, historyOf(name));
    });
  }
});

test('a history that today would not have made is refused', async () => {
  const history = historyOf('task.json');
  const other = history.events?.find((event) => event.activityTaskScheduledEventAttributes);
  if (other?.activityTaskScheduledEventAttributes)
    other.activityTaskScheduledEventAttributes.activityType = { name: 'somethingElse' };
  await expect(Worker.runReplayHistory({ workflowBundle: { code } }, history)).rejects.toThrow(
    /TMPRL1100|[Nn]ondeterminism/,
  );
});
