import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { homeLayout } from '../../../infra/config/layout.js';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { postOnce, postUntilAcknowledged } from '../keyed-post.js';
import { fillUpWith, SmallDisk, whyNoMount } from '../small-disk.js';
import { ChaosWorld } from '../world.js';

const LETTER = 'A line of a long letter.\n'.repeat(800);

async function fillUp(run: CaseRun): Promise<void> {
  const disk = new SmallDisk(run, 'size=220m');
  const world = await ChaosWorld.open(run, {
    env: { MILLWRIGHT_API_REQUESTS_PER_MINUTE: '60000' },
    prepare: (directory) => disk.mount(homeLayout(join(directory, 'home')).postgres),
  });
  run.atEnd(() => disk.unmount());
  const { instance } = world;
  const { id: projectId } = await world.addProject();
  await world.fileEpic('a', 3);
  await sleep(1_000 + run.random() * 3_000);
  run.note('the disk of PostgreSQL is full; after a while there is room again');
  const ballast = join(disk.directory, 'ballast');
  fillUpWith(ballast);
  const write = letters(world, projectId);
  await until(async () => (await write()) === 503);
  // Files of the log are made in advance and used again: only a new one meets the full disk.
  for (let isFull = false; !isFull; )
    isFull = await instance.query('SELECT pg_switch_wal(), pg_logical_emit_message(true, $1, $1)', ['chaos']).then(
      () => false,
      () => true,
    );
  for (let times = 0; times < 6; times++) {
    await write();
    await sleep(1_000);
  }
  rmSync(ballast);
  const request = { path: '/epics', body: world.epicBody('b', 1), key: randomUUID() };
  world.expectEpic((await postUntilAcknowledged(instance, request)).body.id, 1);
  await world.verdict({ boughtAgain: 3 });
}

/** Writes one letter, which is acknowledged or refused as it should be. Answers the status. */
function letters(world: ChaosWorld, projectId: unknown): () => Promise<number | undefined> {
  let written = 0;
  return async () => {
    const body = { to: { kind: 'human', id: 'ada' }, projectId, subject: `letter-${written++}`, body: LETTER };
    const answer = await postOnce(world.instance, { path: '/mail', body, key: randomUUID() });
    if (answer?.status === 201) world.noteAcknowledged('mail', answer.body.id);
    else if (answer?.status !== 503) throw new Error(`A sick disk was answered with ${answer?.status ?? 'nothing'}.`);
    else if (answer.retryAfter === undefined) throw new Error('A refusal does not say when to come again.');
    return answer.status;
  };
}

/** Every process of the server, and whatever it starts, hears of an error when it asks that its files be kept. */
function breakSync(pid: number): () => void {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/).filter(Boolean);
  const calls = 'fsync,fdatasync';
  const strace = spawn(
    'strace',
    [
      ...['-f', '-qq', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${calls}:error=EIO:when=2+3`],
      ...[String(pid), ...children].flatMap((one) => ['-p', one]),
    ],
    { stdio: 'ignore' },
  );
  return () => void strace.kill('SIGINT'); // it lets them go
}

async function failSync(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run, { env: { MILLWRIGHT_API_REQUESTS_PER_MINUTE: '60000' } });
  const { instance } = world;
  const { id: projectId } = await world.addProject();
  await world.fileEpic('a', 3);
  await sleep(1_000 + run.random() * 3_000);
  run.note('a third of what PostgreSQL asks the disk to keep is answered with EIO');
  const mend = breakSync(instance.pidOf('postgres'));
  run.atEnd(mend);
  const write = letters(world, projectId);
  await until(async () => (await write()) === 503);
  for (let times = 0; times < 10; times++) {
    await write();
    await sleep(500);
  }
  mend();
  const request = { path: '/epics', body: world.epicBody('b', 1), key: randomUUID() };
  world.expectEpic((await postUntilAcknowledged(instance, request)).body.id, 1);
  await world.verdict({ boughtAgain: 3 });
}

const whyNoTracing = (): string | undefined =>
  spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0
    ? undefined
    : 'there is no strace here, or it may not trace';

export const postgresDiskCases: readonly ChaosCase[] = [
  {
    name: '18-postgres-disk-full',
    does: 'the disk of PostgreSQL is full, for its tables and then for its log, and has room again later',
    catches:
      'an acknowledgement of what was not written, another answer than 503 with Retry-After, or a need to restart',
    whyNot: whyNoMount,
    run: fillUp,
  },
  {
    name: '18-postgres-io-error',
    does: 'the disk of PostgreSQL answers with EIO when it is asked to keep what was written, again and again for a while',
    catches:
      'an acknowledgement of what the disk did not keep, another answer than 503 with Retry-After, or a need to restart',
    whyNot: whyNoTracing,
    run: failSync,
  },
];
