import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { makeRepository, treeOf } from '../support/e2e/history.js';
import { Instance } from '../support/e2e/instance.js';
import { type Linear, startLinear } from '../support/linear/start.js';
import type { Rule } from '../support/model-server/scenario.js';
import { type ModelServer, startModelServer } from '../support/model-server/server.js';
import { until } from '../support/until.js';

const SECRET = randomBytes(16).toString('hex');
const PATIENCE = { everyMs: 200, atMostMs: 5 * 60_000 };
const FIRST = {
  'millwright.yml': 'version: 1\nchecks:\n  - name: whole\n    run: test -f README\n',
  README: 'Shop.\n',
};

const done = (input: object) => ({ calls: [{ tool: 'task_complete', input }] });
const task = { key: 'hello', title: 'Say hello', description: 'Write hello.txt.', predictedFiles: ['hello.txt'] };
const RULES: readonly Rule[] = [
  {
    name: 'planner',
    when: { role: 'supervisor', kind: 'planning' },
    steps: [done({ summary: 'One task.', plan: { design: 'One file.', tasks: [task] } })],
  },
  { name: 'supervisor', when: { role: 'supervisor' }, steps: [done({ summary: 'Read; nothing to do.' })] },
  {
    name: 'worker',
    when: { role: 'worker' },
    steps: [
      { calls: [{ tool: 'write_file', input: { path: 'hello.txt', content: 'hi\n' } }] },
      done({ summary: 'Said hello.' }),
    ],
  },
];

let model: ModelServer;
let linear: Linear;
let instance: Instance;

beforeAll(async () => {
  linear = await startLinear();
  linear.world.addUser('rita', { teams: ['ENG'] });
  const token = linear.key(linear.world.addUser('millwright', { app: true }), 'lin_oauth_millwright');
  model = await startModelServer({ scenario: { version: 1, latencyMs: 20, rules: RULES } });
  instance = await Instance.start({
    env: {
      ANTHROPIC_BASE_URL: model.url,
      ANTHROPIC_API_KEY: 'sk-ant-test',
      LINEAR_ACCESS_TOKEN: token,
      LINEAR_API_URL: linear.url,
      LINEAR_WEBHOOK_SECRET: SECRET,
    },
  });
}, 600_000);
afterAll(async () => {
  await instance?.stop();
  await model?.close();
  await linear.close();
});

test('an issue that is labelled in Linear lands in a local forge by a comment, and is completed', async () => {
  const { webhooks, people, world } = linear;
  webhooks.configure({
    url: `${instance.facts.apiUrl}/webhooks/linear`,
    secret: SECRET,
    drop: 0.3,
    duplicate: 0.3,
    seed: 7,
  });
  const source = makeRepository(join(instance.directory, 'shop'), FIRST);
  const project = await instance.addProject(source, {
    name: 'shop',
    linearTeam: 'ENG',
  });
  expect(project).toMatchObject({ state: 'ready', linear: { team: 'ENG', problem: null } });
  const issue = people.openIssue({ by: 'rita', title: 'Say hello', body: 'In a file.' });
  people.label(issue, 'millwright', 'rita');
  const bodies = (): readonly string[] => [...world.comments.values()].map(({ body }) => body);
  await until(() => bodies().some((body) => body.includes('is ready to land')), PATIENCE);
  expect(world.state(issue.stateId).type).toBe('started');
  people.comment(issue, '/millwright land', 'rita');
  await until(() => world.state(issue.stateId).type === 'completed', PATIENCE);
  expect(bodies().filter((body) => body.includes('this issue is done'))).toHaveLength(1);
  expect(bodies().some((body) => body.includes('Landed:'))).toBe(true);
  expect(treeOf(join(instance.layout.forge, `${project.id}.git`), 'main')).toMatchObject({ 'hello.txt': 'hi\n' });
  expect(webhooks.deliveries.filter(({ status }) => status !== undefined && status !== 200)).toEqual([]);
  const [epic] = await instance.query<{ state: string; created_by: string }>('SELECT state, created_by FROM epic');
  expect(epic).toEqual({ state: 'COMPLETED', created_by: 'linear:rita' });
}, 600_000);
