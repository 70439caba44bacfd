// The workflows that the benches run. Bundled by path.
import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';

interface BenchActivities {
  echo(value: number): Promise<number>;
}

const { echo }: BenchActivities = proxyActivities<BenchActivities>({ startToCloseTimeout: '30 seconds' });

/** Calls one activity after the other. */
export async function sequence(calls: number): Promise<void> {
  for (let at = 0; at < calls; at++) await echo(at);
}

export async function noop(): Promise<void> {}

export const goSignal = defineSignal('go');

/** Ends when it is told to. */
export async function listener(): Promise<void> {
  let isTold = false;
  setHandler(goSignal, () => {
    isTold = true;
  });
  await condition(() => isTold);
}
