import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { HINT_EVENTS } from '../../domain/forge/hint.js';
import { armFault } from '../../infra/fault-point.js';
import { insertOutbox } from '../../infra/pg/outbox.js';
import { withTransaction } from '../../infra/pg/transaction.js';
import { closeGathering } from '../../workers/duties/outbox.repository.js';
import { TestApi } from '../support/api/api.js';
import { rowsOf, seedProject } from '../support/api/seed.js';
import { deliver, SECRET, type SentDelivery } from '../support/api/webhook-sender.js';
import { until } from '../support/until.js';
import { WEBHOOK_EXAMPLES } from '../support/webhook-examples.js';

let api: TestApi;
let projectId: string;

beforeAll(async () => {
  api = await TestApi.start({ webhooks: { secrets: () => [SECRET] } });
});
afterAll(async () => {
  await api.stop();
});
beforeEach(async () => {
  await rowsOf(api.database, 'TRUNCATE webhook_delivery, outbox, project CASCADE');
  projectId = await project(REPOSITORY.id);
});
afterEach(() => armFault(undefined));

const REPOSITORY = { id: 1296269, full_name: 'octo-org/hello-world' };
const INSTALLATION = { id: 957387 };

const project = (repositoryId: number | null, values: object = {}): Promise<string> =>
  seedProject(api.database, { forge: 'github', forge_repository_id: repositoryId, ...values });

const issue = (number: number, more: object = {}) => ({
  action: 'opened',
  issue: { number },
  repository: REPOSITORY,
  ...more,
});
const send = async (payload: object, sent: SentDelivery = {}): Promise<void> => {
  const { status, body } = await deliver(api, payload, { event: 'issues', ...sent });
  expect([status, body]).toEqual([202, { deliveryId: sent.id ?? expect.any(String) }]);
};

interface Row {
  readonly id: string;
  readonly event: string;
  readonly action: string | null;
  readonly hint: object | null;
  readonly project: string | null;
  readonly isHandled: boolean;
  readonly outcome: string | null;
}
const kept = (): Promise<readonly Row[]> =>
  rowsOf<Row>(
    api.database,
    `SELECT delivery_id AS id, event, action, hint, project_id AS project, handled_at IS NOT NULL AS "isHandled", outcome
     FROM webhook_delivery ORDER BY received_at, delivery_id`,
  );
const signalled = async (): Promise<readonly unknown[]> =>
  (
    await rowsOf<{ line: string; args: readonly [{ readonly projectId: string }] }>(
      api.database,
      `SELECT kind || ' ' || workflow_id || ' ' || name AS line, args FROM outbox ORDER BY created_at, id`,
    )
  ).map(({ line, args }) => [line, args[0].projectId]);
const toFactory = (id = projectId): readonly [string, string] => ['signal factory forgeHinted', id];

const isSomebodyBlocked = async (): Promise<boolean> => {
  const text = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
  return (await rowsOf(api.database, text)).length === 1;
};

test('a delivery is kept as a hint before it is answered, and the factory is told of its project', async () => {
  const id = randomUUID();
  await send(issue(5, { installation: INSTALLATION }), { id });
  expect(await kept()).toEqual([
    {
      id,
      event: 'issues',
      action: 'opened',
      hint: {
        event: 'issues',
        action: 'opened',
        repositoryId: REPOSITORY.id,
        repository: REPOSITORY.full_name,
        installationId: INSTALLATION.id,
        subject: { kind: 'issue', number: 5 },
      },
      project: projectId,
      isHandled: false,
      outcome: null,
    },
  ]);
  expect(await signalled()).toEqual([toFactory()]);
});

test('nothing of the body is kept but the hint', async () => {
  await send(
    issue(5, { issue: { number: 5, title: 'secret plans', body: 'secret words' }, sender: { login: 'mallory' } }),
  );
  const [{ text } = { text: '' }] = await rowsOf<{ text: string }>(
    api.database,
    `SELECT string_agg(d::text, ' ') || (SELECT string_agg(o::text, ' ') FROM outbox o) AS text FROM webhook_delivery d`,
  );
  expect(text).toContain('octo-org/hello-world');
  expect(text).not.toMatch(/secret|mallory/);
});

test('a hundred copies of one delivery are one row and one signal, whenever they come', async () => {
  const id = randomUUID();
  for (let at = 0; at < 10; at++) await send(issue(5), { id });
  await Promise.all(Array.from({ length: 90 }, () => send(issue(5), { id })));
  // A copy with another body is still a copy: the first word stands.
  await send(issue(6), { id });
  expect((await kept()).map(({ hint }) => hint)).toMatchObject([{ subject: { number: 5 } }]);
  expect(await signalled()).toEqual([toFactory()]);
});

test('a burst for two projects is one signal each, in whatever order it comes', async () => {
  const other = await project(7);
  const payloads = Array.from({ length: 60 }, (_, at) =>
    issue(at + 1, at % 3 === 0 ? { repository: { id: 7, full_name: 'octo-org/other' } } : {}),
  );
  await Promise.all([...payloads].reverse().map((payload) => send(payload)));
  expect((await kept()).filter(({ project: of }) => of === other).length).toBe(20);
  expect(new Set(await signalled())).toEqual(new Set([toFactory(), toFactory(other)]));
});

test('what comes after the relay has begun to send gets a signal of its own, and no more than one', async () => {
  await send(issue(1));
  const [row] = await rowsOf<{ id: string }>(api.database, 'SELECT id FROM outbox');
  await closeGathering(api.database.pools.writes, row?.id ?? '');
  for (const number of [2, 3, 4]) await send(issue(number));
  expect(await signalled()).toEqual([toFactory(), toFactory()]);
  await rowsOf(api.database, 'UPDATE outbox SET sent_at = now()');
  await send(issue(5));
  expect((await signalled()).length).toBe(3);
});

test('the relay waits with a signal until what joined it is committed', async () => {
  await send(issue(1));
  const [row] = await rowsOf<{ id: string }>(api.database, 'SELECT id FROM outbox');
  let closing: Promise<void> | undefined;
  let isClosed = false;
  await withTransaction(api.database.pools.writes, async (tx) => {
    // As the inbox does while it adds to it.
    await tx.query({ text: 'SELECT 1 FROM outbox WHERE id = $1 FOR SHARE', values: [row?.id] });
    closing = closeGathering(api.database.pools.writes, row?.id ?? '').then(() => {
      isClosed = true;
    });
    await until(isSomebodyBlocked);
    expect(isClosed).toBe(false);
  });
  await closing;
});

test('a hint that comes while the relay closes a signal waits for that, and gets one of its own', async () => {
  await send(issue(1));
  const sent = await withTransaction(api.database.pools.writes, async (tx) => {
    await tx.query({ text: 'UPDATE outbox SET attempts = 1' });
    const waiting = send(issue(2));
    await until(isSomebodyBlocked);
    return { waiting };
  });
  await sent.waiting;
  expect(await signalled()).toEqual([toFactory(), toFactory()]);
});

test('signals of another kind, and those to others, are not joined', async () => {
  await withTransaction(api.database.pools.writes, async (tx) => {
    await insertOutbox(tx, { kind: 'signal', workflowId: 'factory', name: 'projectChanged', input: { projectId } });
    await insertOutbox(tx, { kind: 'signal', workflowId: 'epic/x', name: 'forgeHinted', input: { projectId } });
  });
  await send(issue(1));
  expect((await signalled()).at(-1)).toEqual(toFactory());
  expect((await signalled()).length).toBe(3);
});

test.each<[string, () => Promise<object>]>([
  ['a repository of nobody', async () => issue(1, { repository: { id: 8, full_name: 'octo-org/nobody' } })],
  [
    'another installation than the one of its project',
    async () => {
      await rowsOf(api.database, 'UPDATE project SET forge_installation_id = $1', [INSTALLATION.id]);
      return issue(1, { installation: { id: 1 } });
    },
  ],
  [
    'a project that was removed',
    async () => {
      await rowsOf(api.database, 'UPDATE project SET archived_at = now()');
      return issue(1);
    },
  ],
  [
    'a project of another forge',
    async () => {
      await rowsOf(api.database, `UPDATE project SET forge = 'local'`);
      return issue(1);
    },
  ],
  [
    'a repository that took the name of ours',
    async () => {
      await rowsOf(api.database, 'UPDATE project SET forge_name = $1', [REPOSITORY.full_name]);
      return issue(1, { repository: { ...REPOSITORY, id: 8 } });
    },
  ],
])('%s is counted as unknown and starts nothing', async (_, prepare) => {
  await send(await prepare());
  expect(await kept()).toMatchObject([{ project: null, isHandled: true, outcome: 'unknown' }]);
  expect(await signalled()).toEqual([]);
});

test('until the number of a repository is known, its name is, however it is written', async () => {
  const named = await project(null, { forge_name: 'Octo-Org/Young' });
  await send(issue(1, { repository: { id: 99, full_name: 'octo-org/young' } }));
  expect(await kept()).toMatchObject([{ project: named }]);
});

test('a renamed repository is known by its number', async () => {
  await send(issue(1, { repository: { ...REPOSITORY, full_name: 'new-org/new-name' } }));
  expect(await kept()).toMatchObject([{ project: projectId, hint: { repository: 'new-org/new-name' } }]);
});

test('a change of an installation tells of all its projects, and nobody has to look at the delivery', async () => {
  await rowsOf(api.database, 'UPDATE project SET forge_installation_id = $1', [INSTALLATION.id]);
  const second = await project(7, { forge_installation_id: INSTALLATION.id });
  await project(8, { forge_installation_id: 1 });
  await send({ action: 'suspend', installation: INSTALLATION }, { event: 'installation' });
  expect(await kept()).toMatchObject([{ event: 'installation', project: null, isHandled: true, outcome: 'noted' }]);
  expect(new Set(await signalled())).toEqual(new Set([toFactory(), toFactory(second)]));
});

test('every published example of every event is answered 202; only those of SPEC that name the project start anything', async () => {
  const ids = new Map<string, (typeof WEBHOOK_EXAMPLES)[number]>();
  await Promise.all(
    WEBHOOK_EXAMPLES.map(async (example) => {
      const id = randomUUID();
      ids.set(id, example);
      const ours = example.payload.repository === undefined ? {} : { repository: REPOSITORY };
      await send({ ...example.payload, ...ours, installation: undefined }, { id, event: example.event });
    }),
  );
  const rows = await kept();
  expect(rows.length).toBe(WEBHOOK_EXAMPLES.length);
  const outcomes: Record<string, Set<string | null>> = {};
  for (const { event, outcome, project: of } of rows) {
    outcomes[event] = (outcomes[event] ?? new Set()).add(of === null ? outcome : 'for the project');
  }
  const noted = ['installation', 'installation_repositories', 'ping'];
  for (const [event, found] of Object.entries(outcomes)) {
    const isLookedAt = HINT_EVENTS.some((one) => one === event);
    const expected = !isLookedAt ? ['ignored'] : noted.includes(event) ? ['noted'] : ['for the project'];
    expect([event, [...found].sort()]).toEqual([event, event === 'push' ? ['for the project', 'ignored'] : expected]);
  }
  expect(await signalled()).toEqual([toFactory()]);
});

test('when the database does not take it, the sender is told to come again, and the same delivery is taken then', async () => {
  const id = randomUUID();
  await rowsOf(api.database, 'ALTER TABLE webhook_delivery RENAME TO away');
  const refused = await deliver(api, issue(1), { id, event: 'issues' });
  await rowsOf(api.database, 'ALTER TABLE away RENAME TO webhook_delivery');
  expect(refused.status).toBe(500);
  expect(JSON.stringify(refused.body)).not.toMatch(/webhook_delivery|INSERT/);
  await send(issue(1), { id });
  expect(await signalled()).toEqual([toFactory()]);
});

test('an answer that is lost after the commit is answered by the redelivery, and nothing is there twice', async () => {
  const id = randomUUID();
  const mark = `${api.directory}/struck`;
  armFault({ point: 'commit.after-call-before-record', action: 'drop-response', nth: 1, mark });
  const lost = await deliver(api, issue(1), { id, event: 'issues' });
  expect([lost.status, lost.headers.get('retry-after')]).toEqual([503, expect.any(String)]);
  await send(issue(1), { id });
  expect((await kept()).length).toBe(1);
  expect(await signalled()).toEqual([toFactory()]);
});
