import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../domain/failures.js';

export const FAULT_EFFECTS = [
  'push',
  'merge',
  'pull-request',
  'model-call',
  'tool-call',
  'tree',
  'checkpoint',
  'commit',
] as const;
export const FAULT_MOMENTS = ['before-call', 'after-call-before-record', 'after-record-before-ack'] as const;
export const FAULT_ACTIONS = ['kill', 'throw', 'delay', 'drop-response'] as const;

export type FaultPoint = `${(typeof FAULT_EFFECTS)[number]}.${(typeof FAULT_MOMENTS)[number]}`;

/** What is to go wrong, once, for tests of what becomes of it. */
export interface Fault {
  readonly point: FaultPoint;
  /** `kill`: SIGKILL. `drop-response`: as a lost connection tells. `throw`: as a bug would. `delay`: 3 s, then on. */
  readonly action: (typeof FAULT_ACTIONS)[number];
  /** At which passage of a process, from 1. */
  readonly nth: number;
  /** A file that is made when it strikes: after a restart it does not strike again. */
  readonly mark: string;
}

const DELAY_MS = 3_000;

let armed: Fault | undefined;
let passages = 0;

/** Called once at the start of a process, with what its configuration says. */
export function armFault(fault: Fault | undefined): void {
  armed = fault;
  passages = 0;
}

/** The place of an effect at which a process may be made to die. Does nothing unless this very point is armed. */
export async function faultPoint(point: FaultPoint): Promise<void> {
  if (armed?.point !== point) return;
  passages += 1;
  if (passages !== armed.nth || !isFirst(armed.mark)) return;
  switch (armed.action) {
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return sleep(DELAY_MS); // the signal comes at once; nothing may happen before it
    case 'delay':
      return sleep(DELAY_MS);
    case 'drop-response':
      throw new Failure('Unavailable', `The connection was lost at ${point}.`);
    case 'throw':
      throw new Error(`A fault was asked for at ${point}.`);
  }
}

function isFirst(mark: string): boolean {
  try {
    closeSync(openSync(mark, 'wx', 0o600));
    return true;
  } catch {
    return false; // it has struck already
  }
}
