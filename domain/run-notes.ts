/** Facts that a run is told by the machinery, in the words the agent reads. */

/** Replies in a row without a tool call, after which the run has failed. */
export const MAX_SILENT_TURNS = 3;

export const silentNote = (silentTurns: number): string =>
  `You ended your turn without calling a tool (${silentTurns} of ${MAX_SILENT_TURNS}). Go on with the work, or call task_complete when it is done, or task_block when it cannot be done.`;

export const rolledBackNote = (reason: string): string =>
  `The machine that held your files was lost (${reason}). The files are back as they were at the start of this turn: repeat the changes that you made in it. Results of earlier calls in this turn still hold for what they told you, not for what they changed.`;

export const completionVoidNote = (): string =>
  'Your task_complete was not accepted, because the files of its turn were lost. Call it again when the work is done once more.';

export const budgetLiftedNote = (): string => 'The limit that stopped you was raised. Go on.';
