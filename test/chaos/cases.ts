import type { ChaosCase } from './case.js';
import { apiCases } from './cases/api.js';
import { exactMoments } from './cases/exact-moments.js';

/** Every case, in the order of the fault matrix. */
export const CASES: readonly ChaosCase[] = [...exactMoments, ...apiCases];
