import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createSampleRepository } from '../demo/sample-repository.js';
import { Instance } from '../support/e2e/instance.js';
import { type Kill, Killer } from '../support/e2e/killer.js';
import { ROOT } from '../support/import-graph.js';
import { boughtTwice, readRecord } from '../support/model-server/record.js';
import { loadScenario } from '../support/model-server/scenario.js';
import { type ModelServer, startModelServer } from '../support/model-server/server.js';
import { processesWith } from '../support/processes.js';
import { until } from '../support/until.js';

const SEED = Number(process.env.MILLWRIGHT_TEST_SEED ?? Date.now() % 100_000);
/** A reply is on the vendor's bill before its first byte is sent; it is ours once it is in the database. */
const CALL_MS = 5_000;

let directory: string;
let model: ModelServer;
let instance: Instance;
let recordFile: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millwright-kills-'));
  chmodSync(directory, 0o711);
  recordFile = join(directory, 'model-record.jsonl');
  const scenario = await loadScenario(join(ROOT, 'test/demo/scenario.yml'));
  model = await startModelServer({ scenario, recordFile });
  instance = await Instance.start({
    env: { ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: 'scripted-model-needs-no-key' },
  });
}, 600_000);
afterAll(async () => {
  await instance?.stop();
  await model?.close();
  rmSync(directory, { recursive: true, force: true });
}, 120_000);

test('an epic under fire completes: each task is one pull request and one merge, and no reply is bought twice', async () => {
  const source = createSampleRepository(directory);
  const project = await instance.addProject(source, { name: 'invoice' });
  expect(project).toMatchObject({ state: 'ready' });
  const epic = await instance.api.post('/epics', {
    projectId: project.id,
    title: 'Totals, taxes and formats for invoices',
    description: 'Keep amounts in whole cents, and test every module.',
    planner: 'model',
    overlap: 'allow',
    land: 'auto',
  });
  const killer = new Killer(instance, { seed: SEED, minMs: 3_000, maxMs: 6_000, times: 20 });
  // An outage may block the epic until its own next try; only one that waits for a person is stuck.
  const ended = await instance.untilEpic(
    epic.id,
    ({ state, waitingFor }) => state === 'COMPLETED' || String(waitingFor).startsWith('somebody'),
  );
  const kills = await killer.stop();
  console.info(`seed ${SEED}: ${kills.map(({ victim }) => victim).join(' ')}`);
  expect(ended).toMatchObject({ state: 'COMPLETED', waitingFor: null });
  await until(() => instance.isReady(), { everyMs: 200, atMostMs: 120_000 });

  const tasks = await instance.api.list(`/epics/${epic.id}/tasks`);
  expect(tasks.map(({ state }) => state)).toEqual(Array(7).fill('COMPLETED'));
  const pulls = await instance.query<{ task: string; state: string; pulls: number }>(
    `SELECT coalesce(task_id, epic_id)::text AS task, string_agg(DISTINCT state, ',') AS state, count(*)::int AS pulls
     FROM pull_request GROUP BY 1`,
  );
  expect(pulls).toHaveLength(8);
  expect(pulls.every(({ state, pulls: count }) => state === 'merged' && count === 1)).toBe(true);
  const landed = mergesOf(source, String((await instance.api.get(`/projects/${project.id}`)).pullCommand));
  expect(landed.slice().sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((number) => `#${number}`));

  expect(unexplained(kills)).toEqual([]);
  expect(await instance.query(`SELECT subject FROM mail WHERE needs_answer AND answered_at IS NULL`)).toEqual([]);
  await until(async () => (await leftovers(String(project.id))).length === 0, { everyMs: 500, atMostMs: 90_000 }).catch(
    async () => expect(await leftovers(String(project.id))).toEqual([]),
  );
}, 900_000);

/** Pull request of each merge that the source gets with the result; a conflict's own merge has none. */
function mergesOf(source: string, pullCommand: string): readonly string[] {
  execFileSync('sh', ['-c', `${pullCommand} --quiet --ff-only`], { cwd: source });
  const log = execFileSync('git', ['log', '--merges', '--format=%s', 'main'], { cwd: source, encoding: 'utf8' });
  return log.match(/#\d+(?=\)$)/gm) ?? [];
}

/** Replies that were bought again although no process died between them and the first byte's arrival in the database. */
function unexplained(kills: readonly Kill[]): readonly string[] {
  const lines = readRecord(recordFile);
  return [...boughtTwice(lines).keys()].filter((hash) => {
    const times = lines.filter(({ requestHash }) => requestHash === hash).map(({ at }) => Date.parse(at));
    return !times.slice(0, -1).every((at) => kills.some(({ atMs }) => atMs >= at - 1 && atMs <= at + CALL_MS));
  });
}

/** What an ended epic must not leave behind. */
async function leftovers(projectId: string): Promise<readonly string[]> {
  const { layout } = instance;
  const trees = readdirSync(join(layout.trees, 'live'));
  const repositories = [layout.mirrors, layout.forge].flatMap((root) =>
    readdirSync(root)
      .filter((name) => name.startsWith(projectId))
      .map((name) => join(root, name)),
  );
  const refs = repositories.flatMap((path) =>
    execFileSync('git', ['for-each-ref', '--format=%(refname)'], { cwd: path, encoding: 'utf8' })
      .split('\n')
      // The mirror's copies of the forge's refs go with its next fetch.
      .filter((ref) => /^refs\/(heads\/millwright|millwright\/wip)\//.test(ref))
      .map((ref) => `${path} ${ref}`),
  );
  const locks = repositories.flatMap((path) => filesNamed(path, (name) => name.endsWith('.lock'), 5));
  const sandboxes = (await processesWith(`${layout.home}/trees`)).map((pid) => `process ${pid}`);
  return [...trees, ...refs, ...locks, ...sandboxes];
}

function filesNamed(root: string, matches: (name: string) => boolean, depth: number): readonly string[] {
  return readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    const path = join(root, entry.name);
    const below = entry.isDirectory() && depth > 1 ? filesNamed(path, matches, depth - 1) : [];
    return entry.isFile() || depth === 1 ? [...below, ...(matches(entry.name) ? [path] : [])] : below;
  });
}
