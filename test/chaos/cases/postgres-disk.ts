import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
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
  let letters = 0;
  const write = async (): Promise<number | undefined> => {
    const body = { to: { kind: 'human', id: 'ada' }, projectId, subject: `letter-${letters++}`, body: LETTER };
    const answer = await postOnce(instance, { path: '/mail', body, key: randomUUID() });
    if (answer?.status === 201) world.noteAcknowledged('mail', answer.body.id);
    else if (answer?.status !== 503) throw new Error(`A full disk was answered with ${answer?.status ?? 'nothing'}.`);
    else if (answer.retryAfter === undefined) throw new Error('A refusal does not say when to come again.');
    return answer.status;
  };
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

export const postgresDiskCases: readonly ChaosCase[] = [
  {
    name: '18-postgres-disk-full',
    does: 'the disk of PostgreSQL is full, for its tables and then for its log, and has room again later',
    catches:
      'an acknowledgement of what was not written, another answer than 503 with Retry-After, or a need to restart',
    whyNot: whyNoMount,
    run: fillUp,
  },
];
