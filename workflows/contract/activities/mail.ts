// Mail that workflows send. The text of each template is in one file of activities/mail.

export type MailTemplate =
  | {
      readonly kind: 'checks_exhausted';
      readonly checks: readonly string[];
      readonly rounds: number;
      readonly logRef?: string;
    }
  | { readonly kind: 'rebase_exhausted'; readonly files: readonly string[]; readonly rounds: number }
  | { readonly kind: 'entry_ejected'; readonly reason: string; readonly next: string }
  | { readonly kind: 'run_stopped'; readonly by: string }
  | { readonly kind: 'run_blocked'; readonly reason: string }
  /** `triesAgain`: by itself, ever later; else a person alone sets it going. */
  | { readonly kind: 'epic_stuck'; readonly epicId: string; readonly reason: string; readonly triesAgain: boolean }
  | { readonly kind: 'supervision_failed'; readonly reason: string }
  | { readonly kind: 'attempts_exhausted'; readonly attempts: number; readonly reason: string }
  | {
      readonly kind: 'budget_reached';
      readonly scope: string;
      readonly what: string;
      readonly spent: string;
      readonly limit: string;
    }
  | { readonly kind: 'plan_waits'; readonly planVersion: number }
  | { readonly kind: 'plan_failed'; readonly errors: readonly string[] }
  | { readonly kind: 'plan_wanted' }
  | { readonly kind: 'tasks_failed'; readonly titles: readonly string[] }
  | { readonly kind: 'epic_waits_for_landing'; readonly prNumber: number }
  | { readonly kind: 'epic_completed'; readonly landed: number }
  | { readonly kind: 'no_host' }
  | {
      readonly kind: 'lane_incident';
      readonly branch: string;
      readonly reason: string;
      /** The lane opens by itself when the base is green. */
      readonly isRedBase?: boolean;
    };

export interface SendMailInput {
  /** UUID made by the workflow: a repeat inserts nothing. */
  readonly mailId: string;
  readonly projectId: string;
  readonly epicId?: string;
  readonly taskId?: string;
  readonly runId?: string;
  readonly from: { readonly kind: 'task' | 'epic' | 'system'; readonly id: string };
  /** `admins`: each live admin key that sees the project gets one of its own. */
  readonly to: { readonly kind: 'epic' | 'human' | 'task'; readonly id: string } | { readonly kind: 'admins' };
  readonly template: MailTemplate;
  /** The workflow to signal with the answer; set = the mail needs an answer. */
  readonly waiterWorkflowId?: string;
}

export interface HandOnInput {
  readonly epicId: string;
  readonly mailIds: readonly string[];
  /** Name of the person. */
  readonly to: string;
}

export interface MailActivities {
  /** STORE. Stores the mail and, for an epic or task, the signal that wakes it. */
  sendMail(input: SendMailInput): Promise<void>;
  /** STORE. Those of an epic's mails that somebody waits on are a person's from now on. A repeat changes nothing. */
  handOnMail(input: HandOnInput): Promise<void>;
}
