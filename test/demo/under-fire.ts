import { styleText } from 'node:util';
import { createProgress, type ProgressView } from '../../cli/watch/progress.js';
import { type HomeLayout, loadClientSettings } from '../../infra/config.js';
import { readStackFacts } from '../../infra/embedded/stack-file.js';
import type { PartName } from '../support/e2e/instance.js';
import { type Kill, Killer, type Victim } from '../support/e2e/killer.js';
import { until } from '../support/until.js';

export interface Fire {
  /** Shows the kills among what the epic does. */
  readonly progress: ProgressView;
  /** Ceases fire; answers what was killed. */
  stop(): Promise<readonly Kill[]>;
}

export const VICTIM_NAMES: Readonly<Record<Victim, string>> = {
  worker: 'worker',
  api: 'API',
  postgres: 'PostgreSQL',
  temporal: 'Temporal server',
  sandbox: 'sandbox',
};

/** `worker 3 · API 1`: how often each part was killed. */
export const tally = (kills: readonly Kill[]): string =>
  (Object.keys(VICTIM_NAMES) as Victim[])
    .map((victim) => [VICTIM_NAMES[victim], kills.filter((kill) => kill.victim === victim).length] as const)
    .filter(([, times]) => times > 0)
    .map(([name, times]) => `${name} ${times}`)
    .join(' · ');

/** Kills a part of the instance every few seconds from now on. */
export function openFire(layout: HomeLayout, seed: number): Fire {
  const inRed = process.stdout.isTTY && !loadClientSettings().isColourOff;
  const red = (text: string): string => (inRed ? styleText('red', text) : text);
  const processes = () => readStackFacts(layout)?.processes ?? [];
  const pidOf = (name: PartName): number => processes().find((one) => one.name === name)?.pid ?? 0;
  const footer = (): string => red(`✖ ${killer.kills.length} SIGKILLs  ${tally(killer.kills)}`);
  const progress = createProgress(process.stdout, footer);
  const tellReturn = async ({ victim, pid, atMs }: Kill): Promise<void> => {
    if (victim === 'sandbox') return;
    await until(() => pidOf(victim) > 0 && pidOf(victim) !== pid, { everyMs: 50 });
    const seconds = ((Date.now() - atMs) / 1000).toFixed(1);
    if (isFiring) progress.note(`↻ ${VICTIM_NAMES[victim]} started again after ${seconds} s`);
  };
  let isFiring = true;
  const killer = new Killer(
    { pidOf },
    {
      seed,
      minMs: 3_000,
      maxMs: 6_000,
      onKill: (kill) => {
        const program = kill.victim === 'sandbox' ? ` (${kill.program})` : '';
        progress.note(red(`✖ SIGKILL ${VICTIM_NAMES[kill.victim]}, process ${kill.pid}${program}`));
        tellReturn(kill).catch(() => {}); // what does not come back is seen by everything else
      },
    },
  );
  return {
    progress,
    stop: () => {
      isFiring = false;
      return killer.stop();
    },
  };
}
