import { arrayOf, numberIn, oneOf, type PlanErrors, type RecordReader, recordOf, textOf } from './fields.js';
import {
  DEPENDENCY_TYPES,
  PLAN_LIMITS,
  type Plan,
  type PlanDependency,
  type PlanEstimate,
  type PlannedTask,
} from './plan.js';
import { validatePlan } from './validate.js';

export type PlanReading =
  | { readonly kind: 'plan'; readonly plan: Plan }
  /** Each error names the place: `tasks[3].dependsOn[0].key: …`. */
  | { readonly kind: 'invalid'; readonly errors: readonly string[] };

/** Reads a plan from untrusted JSON: shape, limits, then the rules of the graph. Unknown fields are mistakes. */
export function readPlan(value: unknown): PlanReading {
  const errors: string[] = [];
  const report = (error: string): void => {
    if (errors.length < PLAN_LIMITS.errors) errors.push(error);
  };
  const plan = normalisePlan(value, report);
  // The graph of a misread document would only add errors that follow from the first ones.
  if (errors.length === 0 && plan) for (const error of validatePlan(plan)) report(error);
  return errors.length > 0 || !plan ? { kind: 'invalid', errors } : { kind: 'plan', plan };
}

/** Fills in every default. What cannot be read is reported, and left at its default. */
export function normalisePlan(value: unknown, report: PlanErrors): Plan | undefined {
  const fields = recordOf(value, 'plan', ['design', 'tasks'], report);
  if (!fields) return undefined;
  const design = fields.optional('design', (raw, at) => textOf(raw, at, { max: PLAN_LIMITS.designLength }, report));
  const tasks = arrayOf(fields.raw('tasks'), 'tasks', PLAN_LIMITS.tasks, report, (raw, at) =>
    readTask(raw, at, report),
  );
  return { ...(design === undefined ? {} : { design }), tasks };
}

const TASK_FIELDS = [
  'key',
  'title',
  'description',
  'kind',
  'acceptance',
  'capabilities',
  'technologies',
  'predictedFiles',
  'priority',
  'estimate',
  'dependsOn',
] as const;

function readTask(value: unknown, at: string, report: PlanErrors): PlannedTask | undefined {
  const fields = recordOf(value, at, TASK_FIELDS, report);
  if (!fields) return undefined;
  const priority = fields.optional('priority', (raw, where) =>
    numberIn(raw, where, { min: 1, max: 5, integer: true }, report),
  );
  const estimate = fields.optional('estimate', (raw, where) => readEstimate(raw, where, report));
  return {
    key: readKey(fields.raw('key'), `${at}.key`, report),
    title: textOf(fields.raw('title'), `${at}.title`, { min: 1, max: PLAN_LIMITS.titleLength, oneLine: true }, report),
    description: textOf(
      fields.raw('description') ?? '',
      `${at}.description`,
      { max: PLAN_LIMITS.descriptionLength },
      report,
    ),
    kind:
      fields.optional('kind', (raw, where) =>
        textOf(raw, where, { min: 1, max: PLAN_LIMITS.kindLength, oneLine: true }, report),
      ) ?? 'execution',
    acceptance: readTexts(fields, 'acceptance', PLAN_LIMITS.itemLength, report),
    capabilities: readTexts(fields, 'capabilities', PLAN_LIMITS.itemLength, report),
    technologies: readTexts(fields, 'technologies', PLAN_LIMITS.itemLength, report),
    predictedFiles: readTexts(fields, 'predictedFiles', PLAN_LIMITS.pathLength, report),
    ...(priority === undefined ? {} : { priority }),
    ...(estimate === undefined ? {} : { estimate }),
    dependsOn:
      fields.optional('dependsOn', (raw, where) =>
        arrayOf(raw, where, PLAN_LIMITS.tasks, report, (one, place) => readDependency(one, place, report)),
      ) ?? [],
  };
}

function readKey(value: unknown, at: string, report: PlanErrors): string {
  if (typeof value === 'string' && PLAN_LIMITS.keyPattern.test(value)) return value;
  report(`${at}: must be 1 to 40 characters of a-z, 0-9 and -, the first no -`);
  return '';
}

function readDependency(value: unknown, at: string, report: PlanErrors): PlanDependency | undefined {
  const fields = recordOf(value, at, ['key', 'type', 'required'], report);
  if (!fields) return undefined;
  const required = fields.raw('required') ?? true;
  if (typeof required !== 'boolean') report(`${at}.required: must be true or false`);
  return {
    key: readKey(fields.raw('key'), `${at}.key`, report),
    type: oneOf(fields.raw('type') ?? 'finish_to_start', `${at}.type`, DEPENDENCY_TYPES, report),
    required: required !== false,
  };
}

/** Only `likely` has to be known; without a spread the bounds are the same hours. */
function readEstimate(value: unknown, at: string, report: PlanErrors): PlanEstimate | undefined {
  const fields = recordOf(value, at, ['optimistic', 'likely', 'pessimistic', 'confidence'], report);
  if (!fields) return undefined;
  const hours = (raw: unknown, where: string): number =>
    numberIn(raw, where, { min: 0, max: PLAN_LIMITS.estimateHours }, report);
  const likely = hours(fields.raw('likely'), `${at}.likely`);
  const optimistic = fields.optional('optimistic', hours) ?? likely;
  const pessimistic = fields.optional('pessimistic', hours) ?? likely;
  const confidence =
    fields.optional('confidence', (raw, where) => numberIn(raw, where, { min: 0, max: 1 }, report)) ?? 0.5;
  if (optimistic > likely || likely > pessimistic) report(`${at}: must be optimistic ≤ likely ≤ pessimistic`);
  return { optimistic, likely, pessimistic, confidence };
}

const readTexts = (fields: RecordReader, name: string, max: number, report: PlanErrors): readonly string[] =>
  fields.optional(name, (raw, at) =>
    arrayOf(raw, at, PLAN_LIMITS.listItems, report, (one, place) => textOf(one, place, { min: 1, max }, report)),
  ) ?? [];
