import type { GitHub } from './start.js';

/** What a program in another process may ask for: `part.method` with its arguments. */
export interface Control {
  readonly call: string;
  readonly with: readonly unknown[];
}

const PARTS = ['admin', 'people', 'faults', 'webhooks', 'ci', 'clock'] as const;

type Method = (...args: readonly unknown[]) => unknown;

/**
 * Calls what the client surface has, for a server that runs as a process of its own. `timing` and `limits` take an
 * object to merge, `requests`, `tokens`, `violations`, `issues` and `comments` answer lists.
 * @throws Error for what there is not
 */
export async function obey(github: GitHub, { call, with: args }: Control): Promise<unknown> {
  if (call === 'timing') return Object.assign(github.timing, args[0]);
  if (call === 'limits') return Object.assign(github.limiter.limits, args[0]);
  if (call === 'requests') return github.requests;
  if (call === 'tokens') return github.tokens;
  if (call === 'violations') return github.violations;
  if (call === 'issues') return github.state.issues;
  if (call === 'comments') return github.state.comments;
  if (call === 'checkRuns') return github.state.checkRuns;
  const [name = '', method = ''] = call.split('.');
  const part = PARTS.find((one) => one === name);
  const subject = part === undefined ? undefined : (github[part] as unknown as Readonly<Record<string, Method>>);
  const its = subject?.[method];
  if (typeof its !== 'function') throw new Error(`There is no ${call}`);
  // Bound by the call: the methods are of classes.
  return its.apply(subject, [...args]);
}
