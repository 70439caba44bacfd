/** How a gate stands. `cancelled`: it was begun and will have no verdict. */
export type GateStanding = 'queued' | 'in_progress' | 'success' | 'failure' | 'neutral' | 'cancelled';

/** Something to be shown at one line of a file, which the commit has. */
export interface GateAnnotation {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly level: 'warning' | 'failure';
  /** Of the check that says it. */
  readonly title: string;
  readonly message: string;
}

/** How one gate of ours stands on one commit. Every text has passed the output gate. */
export interface GateReport {
  readonly name: string;
  readonly headSha: string;
  /** Of the task or pull request: with name and commit it names the report, which is edited, never written twice. */
  readonly externalId: string;
  /** What an earlier `show` answered: lists are late. */
  readonly shownAs: string | null;
  /** What is shown as that has ended and stays; this is another attempt, which is shown beside it. */
  readonly isAgain: boolean;
  readonly standing: GateStanding;
  readonly title: string;
  /** Markdown, as `text`. */
  readonly summary: string;
  /** What explains it at length; empty where nothing does. */
  readonly text: string;
  readonly annotations: readonly GateAnnotation[];
}

/** Whether a gate that stands so will stand otherwise. */
export const isOpenGate = (standing: GateStanding): boolean => standing === 'queued' || standing === 'in_progress';

/** Where a forge shows what gates commits. */
export interface GateReports {
  /**
   * Shows it, or brings what is shown up to date. Repeatable; what was annotated before stays with its attempt.
   * @returns as what it is shown, for the next time; null where nothing is edited
   */
  show(projectId: string, report: GateReport, signal?: AbortSignal): Promise<string | null>;
}
