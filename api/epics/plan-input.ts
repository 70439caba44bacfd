import { Failure } from '../../domain/failures.js';
import { readPlan } from '../../domain/plan/normalise.js';
import type { Plan } from '../../domain/plan/plan.js';

/** @throws InvalidInput that lists what is wrong, place by place */
export const requirePlan = (document: object): Plan => {
  const reading = readPlan(document);
  if (reading.kind === 'plan') return reading.plan;
  throw new Failure('InvalidInput', `The plan is not valid: ${reading.errors[0] ?? 'it is empty'}.`, {
    errors: reading.errors,
  });
};
