// The workflows that the benches run. Bundled by path.
import {
  condition,
  defineSignal,
  executeChild,
  getExternalWorkflowHandle,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { PlainWork } from './support/ideal.js';

interface BenchActivities {
  echo(value: number): Promise<number>;
  /** A row, committed. */
  keep(value: number): Promise<number>;
}

const { echo, keep }: BenchActivities = proxyActivities<BenchActivities>({ startToCloseTimeout: '30 seconds' });

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

const doneSignal = defineSignal<[number]>('done');

/** The work of an epic as plain workflows do it: effects in sequence, children, and each tells its parent when it is done. */
export async function plain({ effects, rows, begins }: PlainWork): Promise<void> {
  setHandler(doneSignal, () => {});
  for (let at = 0; at < effects; at++) await (at < rows ? keep(at) : echo(at));
  for (const work of begins) await executeChild(plain, { args: [work] });
  const { parent } = workflowInfo();
  if (parent) await getExternalWorkflowHandle(parent.workflowId, parent.runId).signal(doneSignal, effects);
}
