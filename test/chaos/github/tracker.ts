/** A place where somebody files the issue of which an epic is made. */
export interface Tracker {
  /** By which an instance finds it. */
  readonly variables: NodeJS.ProcessEnv;
  /** What must lie nowhere. */
  readonly secrets: readonly string[];
  /** Of the project that takes issues from there. */
  readonly project: object;
  fileIssue(): void | Promise<void>;
  readonly isIssueDone: boolean;
  /** What is not as it must be, in words. */
  complaints(): readonly string[];
}
