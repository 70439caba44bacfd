import { randomUUID } from 'node:crypto';
import { followEvents, type StreamEvent } from '../../../cli/watch/event-stream.js';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { postOnce, postUntilAcknowledged } from '../keyed-post.js';
import { startSecondApi } from '../second-api.js';
import { ChaosWorld } from '../world.js';

async function killAfterCommit(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run);
  await world.addProject();
  const fault = { MILLWRIGHT_FAULT: 'commit.after-call-before-record:kill' };
  const doomed = await startSecondApi(run, world.instance, fault);
  const request = { path: '/epics', body: world.epicBody('a', 2), key: randomUUID() };
  run.note('a second process of the API dies between the commit of an epic and its answer');
  const first = await postOnce(world.instance, { ...request, baseUrl: doomed.baseUrl });
  if (first !== undefined) throw new Error(`The doomed process answered ${first.status}.`);
  await doomed.ended;
  const again = await postUntilAcknowledged(world.instance, request);
  if (!again.isReplayed) throw new Error('The request ran again though it had been committed.');
  world.expectEpic(again.body.id, 2);
  const third = await postUntilAcknowledged(world.instance, request);
  if (JSON.stringify(third.body) !== JSON.stringify(again.body)) throw new Error('The same key got another answer.');
  await world.verdict();
}

async function killBeforeRelay(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run);
  await world.addProject();
  run.note('the worker stands still while an epic is acknowledged; then API and worker are killed');
  process.kill(world.instance.pidOf('worker'), 'SIGSTOP');
  await world.fileEpic('a', 2);
  await Promise.all([world.instance.kill('api'), world.instance.kill('worker')]);
  await world.verdict();
}

async function killMidStream(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run);
  await world.addProject();
  const reading = new AbortController();
  run.atEnd(() => reading.abort());
  const epicId = await world.fileEpic('a', 3);
  const seen: StreamEvent[] = [];
  const follow = async (): Promise<void> => {
    for await (const event of followEvents(world.api, { epicId }, reading.signal)) seen.push(event);
  };
  const following = follow();
  run.note('a reader of the event stream, and the API killed under it three times');
  for (let kills = 0; kills < 3; kills++) {
    const before = seen.length;
    await until(() => seen.length > before + 2, { atMostMs: 60_000 }).catch(() => {}); // the epic may be over
    await world.instance.kill('api');
  }
  await world.untilDone();
  const stored = await world.instance.query<{ id: string }>(
    `SELECT count(*)::text AS id FROM event WHERE epic_id = $1`,
    [epicId],
  );
  const expected = Number(stored[0]?.id);
  await until(() => seen.length >= expected, { atMostMs: 60_000 }).catch(() => {}); // counted below
  reading.abort();
  await following;
  const ids = new Set(seen.map(({ id }) => id));
  if (ids.size !== seen.length) throw new Error(`${seen.length - ids.size} events came twice.`);
  if (ids.size !== expected) throw new Error(`${ids.size} of ${expected} events came.`);
  await world.verdict();
}

async function oneKeyManyTimes(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run, { env: { MILLWRIGHT_API_REQUESTS_PER_MINUTE: '60000' } });
  await world.addProject();
  const second = await startSecondApi(run, world.instance, { MILLWRIGHT_API_REQUESTS_PER_MINUTE: '60000' });
  const request = { path: '/epics', body: world.epicBody('a', 1), key: randomUUID() };
  run.note('one request 100 times at once, half of it to another process');
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      postOnce(world.instance, { ...request, ...(index % 2 ? { baseUrl: second.baseUrl } : {}) }),
    ),
  );
  const wrong = answers.filter((answer) => answer === undefined || ![201, 409].includes(answer.status));
  if (wrong.length > 0) throw new Error(`${wrong.length} of 100 got neither the answer nor 409: ${wrong[0]?.status}.`);
  const ids = new Set(answers.filter((answer) => answer?.status === 201).map((answer) => String(answer?.body.id)));
  if (ids.size !== 1) throw new Error(`One key made ${ids.size} epics.`);
  world.expectEpic([...ids][0], 1);
  await world.verdict();
}

export const apiCases: readonly ChaosCase[] = [
  {
    name: '8-api-killed-after-commit',
    does: 'SIGKILL to the API between the commit of an epic and its answer; the client sends it again',
    catches: 'a second epic for one key, or an answer that differs from the first',
    run: killAfterCommit,
  },
  {
    name: '8-api-killed-before-relay',
    does: 'SIGKILL to API and worker after the acknowledgement, before the outbox is sent',
    catches: 'an acknowledged epic that nobody ever starts',
    run: killBeforeRelay,
  },
  {
    name: '8-api-killed-mid-stream',
    does: 'SIGKILL to the API under a reader of the event stream, three times',
    catches: 'events that are lost or come twice after a reconnect with Last-Event-ID',
    run: killMidStream,
  },
  {
    name: '9-one-key-at-once',
    does: 'one request with one key 100 times at once, to two processes of the API',
    catches: 'an idempotency key that holds within one process only',
    run: oneKeyManyTimes,
  },
];
