import type { IssueTracker, TrackedPerson } from '../../../infra/forge/issues.js';
import type { Tuning } from '../../../workflows/contract/tuning.js';
import type { WorkflowControls } from '../../engine/controls.js';
import type { Watched } from '../watch/ports.js';

export interface IssueDeps {
  /** Where the project's issues and commands come from. */
  readonly trackersOf: (projectId: string) => Promise<readonly IssueTracker[]>;
  readonly controls: WorkflowControls;
  /** Of the epics that issues become. */
  readonly tuning: Tuning;
  /** Their budget where the project names none. */
  readonly epicMicroUsd: number;
  /** Where people open an epic. Absent: nobody outside this machine can. */
  readonly epicUrl?: (epicId: string) => string;
}

/** A project whose issues and comments at one tracker are looked at. */
export interface Intake extends Watched {
  readonly issues: IssueDeps;
  readonly tracker: IssueTracker;
}

/** How rows, decisions and mail name somebody of the tracker. */
export const personOf = ({ tracker }: Intake, { name }: Pick<TrackedPerson, 'name'>): string =>
  `${tracker.kind}:${name}`;
