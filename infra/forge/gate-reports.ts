export type GateConclusion = 'success' | 'failure' | 'neutral';

/** How one gate of ours stands on one commit. */
export interface GateReport {
  readonly name: string;
  readonly headSha: string;
  /** Of the task or queue entry: with name and commit it names the report, which is edited, never written twice. */
  readonly externalId: string;
  /** Null while it runs. */
  readonly conclusion: GateConclusion | null;
  /** Both have passed the output gate; the summary is Markdown. */
  readonly title: string;
  readonly summary: string;
}

/** Where a forge shows what gates commits. */
export interface GateReports {
  /** Shows it, or brings what is shown up to date. Repeatable. */
  show(projectId: string, report: GateReport, signal?: AbortSignal): Promise<void>;
}
