// What a signal must hold to be heard. Pure.
import { RUN_MACHINE, TASK_MACHINE } from '../../domain/states.js';

type Test = (value: unknown) => boolean;
type Shape = Readonly<Record<string, Test>>;

const isText: Test = (value) => typeof value === 'string';
const isNumber: Test = (value) => Number.isFinite(value);
const isFlag: Test = (value) => typeof value === 'boolean';
const isList: Test = Array.isArray;
const isOneOf =
  (names: readonly string[]): Test =>
  (value) =>
    typeof value === 'string' && names.includes(value);
const orAbsent =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const hasShape = (value: unknown, shape: Shape): boolean =>
  isRecord(value) && Object.entries(shape).every(([field, isRight]) => isRight(value[field]));

const isOutcome: Test = (value) => hasShape(value, { kind: isText });

/** By the `kind` of what a forge, a queue or the owner of an entry says. */
const FORGE_EVENTS: Readonly<Record<string, Shape>> = {
  entryLanded: { entryId: isText, prNumber: isNumber, mergeSha: isText },
  entryEjected: { entryId: isText, prNumber: isNumber, reason: isText, detail: isRecord, next: isText },
  entryWithdrawn: { entryId: isText, prNumber: isNumber, by: isText },
  laneChanged: { queueId: isText, mode: isText, reason: isText },
  headPushed: { entryId: isText, headSha: isText },
  withdraw: { entryId: isText, by: isText, reason: isText },
  authorHeld: { entryId: isText, on: isFlag },
  baseRed: { tip: isText, checks: isList, from: isText },
  baseMoved: {},
};

const SHAPES: Readonly<Record<string, Shape>> = {
  mail: { mailId: isText, answers: orAbsent(isText) },
  hold: { by: isOneOf(['parent', 'factory']), on: isFlag },
  admitted: { slots: isNumber, nth: orAbsent(isNumber) },
  taskChanged: {
    taskId: isText,
    attempt: isNumber,
    attempts: orAbsent(isNumber),
    state: isOneOf(Object.keys(TASK_MACHINE)),
    wantsSlot: isFlag,
    hasBranch: isFlag,
    reason: orAbsent(isText),
  },
  runChanged: { runId: isText, state: isOneOf(Object.keys(RUN_MACHINE)), outcome: orAbsent(isOutcome) },
  queueChanged: { branch: isText, mode: isText, reason: orAbsent(isText) },
  requestRebase: {
    requestId: isText,
    entryId: isText,
    prNumber: isNumber,
    tip: isText,
    headSha: isText,
    files: isList,
    landed: isList,
    round: isNumber,
    maxRounds: isNumber,
    dueAt: isText,
  },
  buildDone: {
    pathId: isText,
    attempt: isNumber,
    phase: isOneOf(['suspect', 'verdict', 'cancelled']),
    candidate: orAbsent(isRecord),
    result: orAbsent(isRecord),
  },
  askAdmission: { workflowId: isText, priority: isNumber, wants: isNumber },
  endAdmission: { workflowId: isText },
  agentCrashed: { agentId: isText },
  projectChanged: { projectId: isText },
  forgeHinted: { projectId: isText },
  stopRun: { by: isText },
};

/** Signals that say all with their name. */
const BARE: readonly string[] = ['tick'];

/** Whether a workflow may be given what a signal of that name holds; a name that nobody listens to is let through. */
export function isHeard(signal: string, message: unknown): boolean {
  if (BARE.includes(signal)) return true;
  if (signal === 'forgeEvent') {
    const kind = isRecord(message) && typeof message.kind === 'string' ? message.kind : '';
    return Object.hasOwn(FORGE_EVENTS, kind) && hasShape(message, FORGE_EVENTS[kind] ?? {});
  }
  return !Object.hasOwn(SHAPES, signal) || hasShape(message, SHAPES[signal] ?? {});
}

/** Every signal that is looked at. */
export const SHAPED_SIGNALS: readonly string[] = [...Object.keys(SHAPES), ...BARE, 'forgeEvent'];
