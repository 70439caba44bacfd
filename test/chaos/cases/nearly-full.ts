import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { SmallDisk, whyNoMount } from '../small-disk.js';
import { ChaosWorld } from '../world.js';

const WORDS = /^room on the disk of /;

async function waitForRoom(run: CaseRun): Promise<void> {
  const disk = new SmallDisk(run, 'size=900m');
  const world = await ChaosWorld.open(run, { prepare: (directory) => disk.mount(join(directory, 'home')) });
  run.atEnd(async () => {
    await world.instance.cli('down'); // it is on that disk altogether
    disk.unmount();
  });
  await world.addProject();
  run.note('less than 1 GiB is free; after a while there is more');
  const epics = [await world.fileEpic('a', 3), await world.fileEpic('b', 1)];
  const told = async (): Promise<number> =>
    (await world.instance.query(`SELECT id FROM mail WHERE subject LIKE 'The disk of %' AND to_kind = 'human'`)).length;
  await until(async () => {
    const tasks = (await Promise.all(epics.map((epicId) => world.api.list('/tasks', { epicId })))).flat();
    return (
      tasks.length === 4 &&
      tasks.every(({ state, waitingFor }) => state === 'PENDING' && WORDS.test(String(waitingFor)))
    );
  });
  await until(async () => {
    const { waitingFor } = await world.api.get(`/epics/${epics[0]}`);
    return String(waitingFor).includes('room on the disk of');
  });
  await sleep(2_000 + run.random() * 5_000);
  disk.grow('size=3g');
  await world.verdict();
  if ((await told()) !== 1) throw new Error(`People were told ${await told()} times of one full disk.`);
}

export const nearlyFullCases: readonly ChaosCase[] = [
  {
    name: '37-disk-nearly-full',
    does: 'less than 1 GiB of disk is free when two epics begin, and there is room later',
    catches:
      'a task that waits and does not say why, a mail for each look at the disk, or work that needs a push to go on',
    whyNot: whyNoMount,
    run: waitForRoom,
  },
];
