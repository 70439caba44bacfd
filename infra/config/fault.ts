import { FAULT_ACTIONS, FAULT_EFFECTS, FAULT_MOMENTS, type Fault, type FaultPoint } from '../fault-point.js';
import { refused, type Variables } from './variables.js';

const POINTS: readonly FaultPoint[] = FAULT_EFFECTS.flatMap((effect) =>
  FAULT_MOMENTS.map((moment): FaultPoint => `${effect}.${moment}`),
);

/** `MILLWRIGHT_FAULT=<point>:<action>[:<nth>]`, for tests only. @throws InvalidInput where NODE_ENV is production */
export const readFault = (variables: Variables, mark: string): Fault | undefined => {
  const text = variables.text('MILLWRIGHT_FAULT');
  if (text === undefined) return undefined;
  if (variables.text('NODE_ENV') === 'production') {
    throw refused('MILLWRIGHT_FAULT', 'must not be set where NODE_ENV is production');
  }
  const [point, action, nth = '1', ...rest] = text.split(':');
  const known = { point: POINTS.find((one) => one === point), action: FAULT_ACTIONS.find((one) => one === action) };
  if (known.point === undefined || known.action === undefined || !/^[1-9]\d{0,3}$/.test(nth) || rest.length > 0) {
    throw refused('MILLWRIGHT_FAULT', `must be <point>:<action>[:<nth>], with one of ${POINTS.join(', ')}`);
  }
  return { point: known.point, action: known.action, nth: Number(nth), mark };
};
