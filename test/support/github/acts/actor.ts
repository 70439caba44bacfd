import { invalidField } from '../http/errors.js';
import type { Issue } from '../state/records.js';

/** In whose name, and through which App. */
export interface Actor {
  readonly login: string;
  readonly viaApp: string | null;
}

/** An issue, and who does something to it. */
export interface OnIssue {
  readonly issue: Issue;
  readonly login: string;
}

/** Longer texts are refused. */
const MOST_BODY_CHARACTERS = 65_536;

export function checkText(resource: string, field: string, text: string | null | undefined): void {
  if ((text ?? '').length > MOST_BODY_CHARACTERS) throw invalidField(resource, field, 'too_long');
}
