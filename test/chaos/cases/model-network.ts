import { setTimeout as sleep } from 'node:timers/promises';
import type { TcpFaultProxy } from '../../support/network/tcp-fault-proxy.js';
import { until } from '../../support/until.js';
import type { CaseRun, ChaosCase } from '../case.js';
import { scenarioOf, WORKER } from '../scenario.js';
import { proxyTo } from '../through-proxy.js';
import { ChaosWorld, type Expected } from '../world.js';

/** Long enough that a fault finds calls in flight. */
const LONG_CALLS = { ...WORKER, steps: (WORKER.steps ?? []).map((step) => ({ ...step, delayMs: 1_500 })) };
const TASKS = 2;

const modelBehind =
  (harm: (proxy: TcpFaultProxy, run: CaseRun) => Promise<void>, expected: Expected = {}) =>
  async (run: CaseRun): Promise<void> => {
    let proxy: TcpFaultProxy | undefined;
    const modelUrl = async (url: string): Promise<string> => {
      proxy = await proxyTo(run, url);
      return proxy.urlOf(url);
    };
    const world = await ChaosWorld.open(run, { scenario: scenarioOf(LONG_CALLS), modelUrl });
    await world.addProject();
    await world.fileEpic('a', TASKS);
    const between = proxy;
    if (between === undefined) throw new Error('unreachable: an open world has its model');
    await until(() => between.openConnections > 0);
    await harm(between, run);
    between.heal();
    await world.verdict(expected);
  };

const RESETS = 10;

const reset = async (proxy: TcpFaultProxy, run: CaseRun): Promise<void> => {
  run.note(`the connections to the provider are reset ${RESETS} times`);
  for (let resets = 0; resets < RESETS; resets++) {
    await sleep(300 + run.random() * 1_500);
    proxy.reset();
  }
};

const slow = async (proxy: TcpFaultProxy, run: CaseRun): Promise<void> => {
  run.note('the line to the provider passes one byte a second');
  proxy.set({ bytesPerSecond: 1 });
  await sleep(20_000);
};

/** Found by the watchdog over the bytes of a reply: nothing else tells. */
const silent = async (proxy: TcpFaultProxy, run: CaseRun): Promise<void> => {
  run.note('the route to the provider is lost with calls in flight');
  await sleep(500 + run.random() * 1_000);
  proxy.set({ isHalfOpen: true });
};

const dropAnswers = async (proxy: TcpFaultProxy, run: CaseRun): Promise<void> => {
  run.note('the provider is asked, and its answers are lost for 6 s');
  proxy.set({ dropsResponses: true });
  await sleep(6_000);
};

export const modelNetworkCases: readonly ChaosCase[] = [
  {
    name: '32-connections-reset',
    does: `every connection to the provider is reset, ${RESETS} times, with calls in flight`,
    catches: 'a reset that ends a run, or a call that was cut and is in no book',
    run: modelBehind(reset, { boughtAgain: RESETS * TASKS }),
  },
  {
    name: '32-one-byte-a-second',
    does: 'the line to the provider passes one byte a second for 20 s',
    catches: 'a slow reply that is cut and bought again',
    run: modelBehind(slow),
  },
  {
    name: '32-route-lost',
    does: 'connections to the provider with calls in flight stay open and never say a word again',
    catches: 'a call that waits for ever on a dead connection',
    run: modelBehind(silent, { boughtAgain: TASKS }),
  },
  {
    name: '32-answers-lost',
    does: 'the provider gets every request, and its answers are lost for 6 s',
    catches: 'paid replies that never came and are in no book',
    run: modelBehind(dropAnswers, { boughtAgain: 10 * TASKS }),
  },
];
