import { randomUUID } from 'node:crypto';
import { table } from '../../cli/output.js';
import type { CaseRun, ChaosCase } from '../chaos/case.js';
import { postUntilAcknowledged } from '../chaos/keyed-post.js';
import { ChaosWorld } from '../chaos/world.js';
import { sample } from './sample.js';
import { type Judgement, judge, LEAST_ROUNDS, type Series } from './slope.js';

export interface SoakOptions {
  readonly minutes: number;
  /** In each round. */
  readonly epics: number;
  readonly say: (text: string) => void;
}

const TASKS = 2;

/** Rounds of epics on one instance; what is used is measured after each, when nothing is open. */
export const soak = ({ minutes, epics, say }: SoakOptions): ChaosCase => ({
  name: 'soak',
  does: `rounds of ${epics} epics for ${minutes} min`,
  catches: 'memory, files, disk or rows that grow with time',
  run: async (run: CaseRun) => {
    const world = await ChaosWorld.open(run, { env: { MILLWRIGHT_API_REQUESTS_PER_MINUTE: '60000' } });
    await world.addProject();
    const series = new Map<string, Series>();
    const startedAtMs = performance.now();
    for (let round = 1; performance.now() - startedAtMs < minutes * 60_000; round++) {
      for (let epic = 1; epic <= epics; epic++) {
        const request = { path: '/epics', body: world.epicBody(`r${round}e${epic}`, TASKS), key: randomUUID() };
        const { body } = await postUntilAcknowledged(world.instance, request);
        world.expectEpic(body.id, TASKS);
      }
      await world.untilDone();
      await world.holds();
      for (const { value, ...one } of await sample(world.instance))
        series.set(one.name, { ...one, values: [...(series.get(one.name)?.values ?? []), value] });
      const minute = ((performance.now() - startedAtMs) / 60_000).toFixed(1);
      say(`${minute.padStart(6)} min  round ${round}: ${round * epics} epics done  ${memory(series)}`);
    }
    await world.verdict();
    say(`everything that was filed is done, once`);
    conclude([...series.values()], epics, say);
  },
});

const memory = (series: ReadonlyMap<string, Series>): string =>
  ['worker', 'api', 'temporal']
    .map((part) => `${part} ${Math.round(series.get(`${part}: memory, MiB`)?.values.at(-1) ?? 0)} MiB`)
    .join(', ');

/** @throws naming what grows */
function conclude(series: readonly Series[], epics: number, say: (text: string) => void): void {
  const judged = series.flatMap((one) => judge(one, epics) ?? []);
  if (judged.length === 0) {
    say(`Fewer than ${LEAST_ROUNDS} rounds: no slope can be told from noise.`);
    return;
  }
  const number = (value: number): string => value.toFixed(1);
  const columns = [
    { title: 'what', of: (row: Record<string, unknown>) => row.what },
    { title: 'first', of: (row: Record<string, unknown>) => row.first },
    { title: 'last', of: (row: Record<string, unknown>) => row.last },
    { title: 'growth', of: (row: Record<string, unknown>) => row.growth },
    { title: 'verdict', of: (row: Record<string, unknown>) => row.verdict },
  ];
  const toRow = ({ name, first, last, growth, isFlat }: Judgement) => ({
    what: name,
    first: number(first),
    last: number(last),
    growth: number(growth),
    verdict: isFlat ? 'flat' : 'GROWS',
  });
  say(table(columns, judged.map(toRow)));
  const growing = judged.filter(({ isFlat }) => !isFlat).map(({ name, growth }) => `${name} by ${number(growth)}`);
  if (growing.length > 0) throw new Error(`These grow with time: ${growing.join('; ')}.`);
}
