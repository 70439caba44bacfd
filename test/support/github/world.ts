import { Clock } from './clock.js';
import type { Control } from './control.js';
import type { RefChange } from './git/after-push.js';
import type { Repository } from './state/records.js';
import { State } from './state/state.js';
import type { Urls } from './urls.js';
import { Emitter } from './webhooks/emitter.js';

/** How late the server is with what it knows. Tests change it while it runs. */
export interface Timing {
  /** Lists show a new thing only so much later. */
  listLagMs: number;
  /** `mergeable` is null for so long after it was first asked for. */
  mergeableDelayMs: number;
  /** A GET may answer what it answered before, if that is not older. */
  staleMs: number;
}

export type PushListener = (repository: Repository, changes: readonly RefChange[], login: string) => void;

/** A suite, or one of its runs by name, is to run again. */
export interface Rerequest {
  readonly suiteId: number;
  readonly name?: string;
}

/** One server: what it knows, and who hears of it. */
export class World {
  readonly clock = new Clock();
  readonly state = new State();
  readonly webhooks = new Emitter(this.clock);
  readonly timing: Timing = { listLagMs: 0, mergeableDelayMs: 0, staleMs: 0 };
  /** What contradicts GitHub's published documents. */
  readonly violations: string[] = [];
  readonly pushListeners: PushListener[] = [];
  readonly rerequestListeners: ((repository: Repository, rerequest: Rerequest) => void)[] = [];

  /** What a program in another process asks for; only a server that runs alone listens. */
  onControl: ((control: Control) => Promise<unknown>) | undefined;

  constructor(readonly urls: Urls) {}

  complain(about: string, complaints: readonly string[]): void {
    for (const complaint of complaints) this.violations.push(`${about}: ${complaint}`);
  }

  rerequested(repository: Repository, rerequest: Rerequest): void {
    for (const listener of this.rerequestListeners) listener(repository, rerequest);
  }

  /** What a list shows already. */
  listed<T extends { readonly createdAtMs: number }>(items: readonly T[]): readonly T[] {
    const until = this.clock.now() - this.timing.listLagMs;
    return items.filter((one) => one.createdAtMs <= until);
  }
}
