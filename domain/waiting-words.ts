import { SHUT, type ShutReason } from './forge/shut.js';

/** What a task says while its agent sleeps over a question. Row and workflow say it alike. */
export const ANSWER_TO_AGENT = 'an answer to its agent';

const OR_RESUME = 'or a person to resume it';

/** What a blocked task says while a question of its own is out. Whom it is put to may change: only the mail knows. */
export const ANSWER_TO_TASK = `an answer to its question, ${OR_RESUME}`;

export const answerToTaskFrom = (whom: string): string => `an answer from ${whom}, ${OR_RESUME}`;

/** Why a step waits for the forge. */
export interface ForgeWait {
  /** Milliseconds since the epoch. */
  readonly untilMs: number;
  /** Absent: it limits us. */
  readonly shut?: ShutReason;
}

/** A host begins no work while its disk has less than it wants. */
export interface NoRoom {
  /** Name of the machine. */
  readonly host: string;
  /** What lies on that disk, of the directories that work writes to. Absent: said before there was more than one. */
  readonly directory?: string;
  readonly freeBytes: number;
  readonly wantedBytes: number;
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

export const noRoomWords = ({ host, directory, freeBytes, wantedBytes }: NoRoom): string =>
  `room on the disk of ${host}${directory === undefined ? '' : ` that holds ${directory}`}: ${gib(freeBytes)} are free, and below ${gib(wantedBytes)} no work begins`;

export const forgeWaitWords = ({ untilMs, shut }: ForgeWait): string => {
  const at = minuteOf(untilMs);
  return shut === undefined ? `the forge’s limit, until ${at}` : `${SHUT[shut]}; looked at again at ${at}`;
};

/** A check of the forge's own CI that was asked for and has not ended. Times are milliseconds since the epoch. */
export interface AwaitedContext {
  readonly context: string;
  readonly commit: string;
  readonly askedMs: number;
  readonly givesUpMs: number;
}

export const awaitedContextWords = ({ context, commit, askedMs, givesUpMs }: AwaitedContext): string =>
  `${context} of the forge’s CI on ${commit.slice(0, 12)}, since ${minuteOf(askedMs)}, until ${minuteOf(givesUpMs)} at the latest`;

/** @param sinceMs when it was missed first, milliseconds since the epoch */
export const baseGoneWords = (sinceMs: number): string => `${SHUT.BASE_GONE} since ${minuteOf(sinceMs)}`;

const minuteOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
