import { setTimeout as sleep } from 'node:timers/promises';
import type { CaseRun, ChaosCase } from '../case.js';
import { ChaosWorld } from '../world.js';

const EPICS = 6;
const CUTS = 2;

async function cut(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run);
  await world.addProject();
  for (let epic = 1; epic <= EPICS; epic++) await world.fileEpic(`e${epic}`, 2);
  for (let cuts = 1; cuts <= CUTS; cuts++) {
    await sleep(2_000 + run.random() * 10_000);
    const killed = await world.instance.cutPower();
    run.note(`power cut ${cuts} of ${CUTS}: ${killed} processes killed at once; up again`);
    await world.instance.up();
  }
  // Every epic and task may have had a call in flight at each cut.
  await world.verdict({ boughtAgain: CUTS * EPICS * 3 });
}

async function cutSupervisor(run: CaseRun): Promise<void> {
  const world = await ChaosWorld.open(run);
  await world.addProject();
  await world.fileEpic('a', 2);
  await sleep(1_000 + run.random() * 5_000);
  run.note('the process that watches over the others is killed; up again');
  process.kill(world.instance.facts.supervisor.pid, 'SIGKILL');
  await world.requireNoProcess();
  await world.instance.up();
  await world.verdict({ boughtAgain: 2 });
}

export const powerCases: readonly ChaosCase[] = [
  {
    name: '20-power-cut',
    does: `SIGKILL to every process at once in the middle of ${EPICS} epics, twice, then \`up\``,
    catches: 'stores that disagree after a crash; work that needs a person to go on',
    run: cut,
  },
  {
    name: '35-supervisor-killed',
    does: 'SIGKILL to the process that watches over the others, then `up`',
    catches: 'processes that outlive their instance, or a home that cannot be started again',
    run: cutSupervisor,
  },
];
