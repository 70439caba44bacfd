// The driver of the one run of judgement: host and tree, the run itself, and what it leaves.
import type { RunContext } from '../contract/activities/store.js';
import type { RunHost } from '../contract/agent-run.js';
import type { EpicRun } from './epic.state.js';
import { forwarded, type RunStep, runFinished, runNotStarted, runStarting } from './runs.js';
import type { Told } from './step-ports.js';
import type { Stage } from './steps.js';

export interface RunPorts {
  /** Claims a host and takes a read-only tree of the target branch there. */
  takeTree(ownerId: string): Promise<RunHost>;
  /** A tree that cannot be given back is its host's janitor's. */
  releaseTree(ownerId: string, host: RunHost): Promise<void>;
  startRun(run: Pick<EpicRun, 'runId' | 'kind'>, host: RunHost, context: RunContext): Promise<'started' | 'exists'>;
  stopRun(runId: string, reason: string): Promise<Told>;
  forwardMail(runId: string, mailId: string): Promise<Told>;
}

export async function performRun(step: RunStep, runs: RunPorts, stage: Omit<Stage, 'ports'>): Promise<void> {
  const { change, clock } = stage;
  switch (step.kind) {
    case 'startRun':
      return startRun(step, runs, stage);
    case 'stopRun':
      await runs.stopRun(step.runId, 'the epic needs it no more');
      return change((now) => (now.run ? { ...now, run: { ...now.run, stopSent: true } } : now));
    case 'forwardMail':
      for (const mailId of step.mailIds) await runs.forwardMail(step.runId, mailId);
      return change((now) => forwarded(now, step.mailIds));
    case 'finishRun':
      await runs.releaseTree(step.run.runId, step.outcome.host);
      return change((now) => runFinished(now, step.run, step.outcome, clock));
  }
}

async function startRun(
  { run: { kind, mailIds }, context }: Extract<RunStep, { kind: 'startRun' }>,
  runs: RunPorts,
  { change, clock, epic }: Omit<Stage, 'ports'>,
): Promise<void> {
  const runId = clock.newId();
  change((now) => runStarting(now, { runId, kind, mailIds }, clock.nowMs));
  let host: RunHost | undefined;
  try {
    host = await runs.takeTree(runId);
  } finally {
    if (!host) change(runNotStarted);
  }
  const { cancel, plan } = epic();
  if (cancel || (kind === 'planning' && plan.version !== undefined)) {
    await runs.releaseTree(runId, host);
    return change(runNotStarted);
  }
  const taken = host;
  change((now) => (now.run ? { ...now, run: { ...now.run, host: taken, heardAtMs: clock.nowMs } } : now));
  await runs.startRun({ runId, kind }, taken, context);
}
