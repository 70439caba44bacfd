import { SHUT, type ShutReason } from './forge/shut.js';

/** What a task says while its agent sleeps over a question. Row and workflow say it alike. */
export const ANSWER_TO_AGENT = 'an answer to its agent';

/** Why a step waits for the forge. */
export interface ForgeWait {
  /** Milliseconds since the epoch. */
  readonly untilMs: number;
  /** Absent: it limits us. */
  readonly shut?: ShutReason;
}

export const forgeWaitWords = ({ untilMs, shut }: ForgeWait): string => {
  const at = `${new Date(untilMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return shut === undefined ? `the forge’s limit, until ${at}` : `${SHUT[shut]}; looked at again at ${at}`;
};
