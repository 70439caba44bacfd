import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { GITHUB_RATES } from '../../domain/forge/rate.js';
import { ForgeLimiter } from '../../infra/forge/limiter.js';
import { insertKey, TestApi } from '../support/api/api.js';
import {
  seedAgent,
  seedEntry,
  seedEpic,
  seedLane,
  seedMail,
  seedProject,
  seedRun,
  seedTask,
} from '../support/api/seed.js';

let api: TestApi;
let projectId: string;

beforeAll(async () => {
  api = await TestApi.start();
  projectId = await seedProject(api.database);
  const agentId = await seedAgent(api.database, 'anthropic-worker');
  const epicId = await seedEpic(api.database, projectId, { state: 'IN_PROGRESS' });
  const taskId = await seedTask(api.database, projectId, { epic_id: epicId, state: 'IN_PROGRESS' });
  await seedTask(api.database, projectId, { epic_id: epicId, state: 'COMPLETED' });
  const runId = await seedRun(api.database, { projectId, agentId, taskId });
  await seedLane(api.database, projectId, { mode: 'paused' });
  await seedEntry(api.database, projectId, { state: 'queued', enqueued_at: new Date(Date.now() - 90_000) });
  await seedMail(api.database, projectId, { to_kind: 'human', to_id: 'ada', needs_answer: true });
  const { writes } = api.database.pools;
  await writes.query({
    text: `INSERT INTO usage_ledger (run_id, turn, attempt, project_id, model, state, cost_micro_usd, input_tokens, output_tokens)
           VALUES ($1, 1, 1, $2, 'claude-sonnet-5-5', 'settled', 1250000, 900, 100),
                  ($1, 2, 1, $2, 'claude-sonnet-5-5', 'reserved', 500000, 0, 0)`,
    values: [runId, projectId],
  });
  await writes.query({
    text: `INSERT INTO webhook_delivery (delivery_id, event, project_id, received_at) VALUES ('d-1', 'push', $1, now() - interval '2 minutes')`,
    values: [projectId],
  });
});
afterAll(async () => {
  await api.stop();
});

/** Sample lines of the text format by what stands before the value. */
const samplesOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))] as const;
      }),
  );

const scrape = async (): Promise<ReadonlyMap<string, number>> => {
  const { status, headers, body } = await api.get('/metrics', { key: api.keys.viewer });
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  return samplesOf(body);
};

test('a scrape counts work by its states, what waits, and what was spent', async () => {
  const samples = await scrape();
  expect(samples.get('millwright_epics{state="IN_PROGRESS"}')).toBe(1);
  expect(samples.get('millwright_tasks{state="COMPLETED"}')).toBe(1);
  expect(samples.get('millwright_runs_live{state="running"}')).toBe(1);
  expect(samples.get('millwright_queue_lanes{mode="paused"}')).toBe(1);
  expect(samples.get('millwright_queue_entries{state="queued"}')).toBe(1);
  expect(samples.get('millwright_backlog{backlog="queue"}')).toBe(1);
  expect(samples.get('millwright_backlog_oldest_seconds{backlog="queue"}')).toBeGreaterThanOrEqual(90);
  expect(samples.get('millwright_backlog{backlog="questions"}')).toBe(1);
  expect(samples.get('millwright_backlog{backlog="webhooks"}')).toBe(1);
  expect(samples.get('millwright_backlog_oldest_seconds{backlog="webhooks"}')).toBeGreaterThanOrEqual(120);
  expect(samples.get('millwright_backlog{backlog="outbox"}')).toBe(0);
  expect(samples.get('millwright_spend_usd_total{model="claude-sonnet-5-5",state="settled"}')).toBe(1.25);
  expect(samples.has('millwright_spend_usd_total{model="claude-sonnet-5-5",state="reserved"}')).toBe(false);
  expect(samples.get('millwright_paused')).toBe(0);
});

test('the limits of a forge are shown as all workers together use them', async () => {
  const workers = [1, 2].map(() => new ForgeLimiter(api.database.pools, GITHUB_RATES));
  const scope = 'installation/7';
  for (const worker of workers) {
    await worker.enter(scope, { points: 5, creates: true, priority: 'landing' });
    await worker.leave(scope, { isLimited: false, limit: 5_000, remaining: 4_000, resetMs: Date.now() + 600_000 });
    await worker.enter(scope, { points: 1, creates: false, priority: 'report' });
  }
  await workers[0]?.leave(scope, { isLimited: true, retryAfterMs: 120_000 });
  await expect(workers[1]?.enter(scope, { points: 5, creates: true, priority: 'report' })).rejects.toMatchObject({
    type: 'RateLimited',
  });
  const samples = await scrape();
  const at = (name: string, labels = ''): number | undefined =>
    samples.get(`millwright_forge_${name}{scope="${scope}"${labels}}`);
  expect(at('used', ',window="points_minute"')).toBe(12);
  expect(at('left', ',window="points_minute"')).toBe(888);
  expect(at('used', ',window="creations_minute"')).toBe(2);
  expect(at('left', ',window="creations_hour"')).toBe(498);
  expect(at('quota_remaining')).toBe(4_000);
  expect(at('paused_until_timestamp_seconds')).toBeGreaterThan(Date.now() / 1000);
  expect(at('waiting', ',priority="report"')).toBe(1);
  expect(at('waiting', ',priority="landing"')).toBe(0);
  expect(at('wait_seconds', ',priority="landing"')).toBeGreaterThan(100);
  expect(at('requests_total', ',priority="landing"')).toBe(2);
  expect(at('waits_total', ',priority="report"')).toBe(1);
  expect(at('creations_total')).toBe(2);
  expect(at('refusals_total')).toBe(1);
});

test('the same figures come as JSON', async () => {
  const { status, body } = await api.get('/api/v1/metrics', { key: api.keys.viewer });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    epics: { IN_PROGRESS: 1 },
    lanes: { paused: 1 },
    isPaused: false,
    backlogs: { questions: { waiting: 1 }, outbox: { waiting: 0, oldestSeconds: 0 } },
    forge: [
      {
        scope: 'installation/7',
        pointsPerMinute: { limit: 900, used: 12, left: 888 },
        quota: { limit: 5_000, remaining: 4_000 },
        pausedUntil: expect.any(String),
        waiting: { landing: 0, state: 0, report: 1 },
        totals: { creations: 2, refusals: 1 },
      },
    ],
  });
});

test('figures of every project are for keys of every project, and say of none of them', async () => {
  const scoped = await insertKey(api.database, { name: 'bob', role: 'admin', projects: [projectId] });
  for (const path of ['/metrics', '/api/v1/metrics']) {
    expect([path, (await api.get(path, { key: scoped })).status]).toEqual([path, 403]);
    expect([path, (await api.get(path, { key: null })).status]).toEqual([path, 401]);
    const text = JSON.stringify((await api.get(path)).body);
    expect(text.includes(projectId) || text.includes('ada') || text.includes('project-')).toBe(false);
  }
});

test('a queue says that the limit of its forge holds it up, and which is not its forge does not', async () => {
  const limited = await seedProject(api.database, { forge: 'github', forge_installation_id: 7 });
  const other = await seedProject(api.database, { forge: 'github', forge_installation_id: 8 });
  for (const id of [limited, other]) {
    await seedLane(api.database, id, { mode: 'open' });
    await seedEntry(api.database, id, { state: 'queued' });
  }
  const { body } = await api.get('/api/v1/queues');
  const said = new Map(
    body.items.map((one: { projectId: string; waitingFor: unknown }) => [one.projectId, one.waitingFor]),
  );
  expect(said.get(limited)).toMatch(/^the forge’s limit, until /);
  expect([said.get(other), said.get(projectId)]).toEqual([null, null]);
});
