import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TcpFaultProxy } from '../../support/network/tcp-fault-proxy.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { postUntilAcknowledged } from '../keyed-post.js';
import { scenarioOf, WORKERS_THAT_MAY_FAIL } from '../scenario.js';
import { proxyTo } from '../through-proxy.js';
import { ChaosWorld } from '../world.js';
import { Storm } from './storm.js';

export interface RandomOptions {
  readonly minutes: number;
  readonly epics: number;
  readonly say: (text: string) => void;
}

const TASKS = 2;
/** The last epics too shall live through some of it. */
const FILING_SHARE = 0.8;

/** Epics filed one after another under random faults; when these are over everything must be done, once. */
export const randomFaults = ({ minutes, epics, say }: RandomOptions): ChaosCase => ({
  name: 'random',
  does: `${minutes} min of random faults, three at a time, under ${epics} epics`,
  catches: 'what no single fault shows',
  run: async (run: CaseRun) => {
    let proxy: TcpFaultProxy | undefined;
    const modelUrl = async (url: string): Promise<string> => {
      proxy = await proxyTo(run, url);
      return proxy.urlOf(url);
    };
    const env = { MILLWRIGHT_API_REQUESTS_PER_MINUTE: '60000' };
    const scenario = scenarioOf(...WORKERS_THAT_MAY_FAIL);
    const world = await ChaosWorld.open(run, { modelUrl, env, scenario });
    await world.addProject();
    if (proxy === undefined) throw new Error('unreachable: an open world has its model');
    const startedAtMs = performance.now();
    const elapsed = (): string => `${((performance.now() - startedAtMs) / 60_000).toFixed(1).padStart(5)} min`;
    const storm = new Storm({ world, model: proxy, random: run.random }, ({ name }) => say(`${elapsed()}  ${name}`));
    run.atEnd(() => storm.stop().then(() => {}));
    const totalMs = minutes * 60_000;
    for (let epic = 1; epic <= epics; epic++) {
      const request = { path: '/epics', body: world.epicBody(`e${epic}`, TASKS), key: randomUUID() };
      const { body } = await postUntilAcknowledged(world.instance, request);
      world.expectEpic(body.id, TASKS);
      say(`${elapsed()}  epic ${epic} of ${epics} is acknowledged`);
      const dueMs = (totalMs * FILING_SHARE * epic) / epics;
      await sleep(Math.max(0, startedAtMs + dueMs - performance.now()));
    }
    await sleep(Math.max(0, startedAtMs + totalMs - performance.now()));
    const struck = await storm.stop();
    say(`${elapsed()}  the faults are over, ${struck.length} of them; what is open goes on`);
    // A call in flight may be lost with each fault, once for every agent.
    await world.verdict({ boughtAgain: struck.length * epics * TASKS });
    say(`${elapsed()}  ${epics} epics, ${epics * TASKS} tasks: each done once`);
  },
});
