import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { loadConfig } from '../../infra/config.js';
import { armFault, type Fault, faultPoint } from '../../infra/fault-point.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'millwright-fault-'));
});
afterEach(() => {
  armFault(undefined);
  rmSync(home, { recursive: true, force: true });
});

const load = (env: Readonly<Record<string, string>>) =>
  loadConfig({ MILLWRIGHT_HOME: home, ...env }, { uid: 1000, homeDirectory: home });
const arm = (more: Partial<Fault> = {}): string => {
  const mark = join(home, 'struck');
  armFault({ point: 'push.before-call', action: 'drop-response', nth: 1, mark, ...more });
  return mark;
};

test('without the variable there is no fault, and a point does nothing', async () => {
  expect(load({}).fault).toBeUndefined();
  armFault(load({}).fault);
  await expect(faultPoint('push.before-call')).resolves.toBeUndefined();
});

test('a fault is a point, an action and the passage at which it strikes', () => {
  const { fault, layout } = load({ MILLWRIGHT_FAULT: 'merge.after-call-before-record:kill:3' });
  expect(fault).toEqual({ point: 'merge.after-call-before-record', action: 'kill', nth: 3, mark: layout.faultFile });
  expect(load({ MILLWRIGHT_FAULT: 'tree.before-call:delay' }).fault?.nth).toBe(1);
});

test.each(['push:kill', 'push.before-call', 'push.before-call:explode', 'push.before-call:kill:0', 'a:b:c:d'])(
  '%s is refused',
  (text) => {
    expect(() => load({ MILLWRIGHT_FAULT: text })).toThrow(/MILLWRIGHT_FAULT must be <point>:<action>/);
  },
);

test('a process with a fault refuses to start in production', () => {
  const env = { MILLWRIGHT_FAULT: 'push.before-call:kill', NODE_ENV: 'production' };
  expect(() => load(env)).toThrow('MILLWRIGHT_FAULT must not be set where NODE_ENV is production.');
});

test('it strikes at its passage of its point, and once', async () => {
  const mark = arm({ nth: 2 });
  await faultPoint('push.after-call-before-record');
  await faultPoint('push.before-call');
  expect(existsSync(mark)).toBe(false);
  await expect(faultPoint('push.before-call')).rejects.toMatchObject({ type: 'Unavailable' });
  expect(existsSync(mark)).toBe(true);
  await faultPoint('push.before-call');
});

test('after a restart it does not strike again', async () => {
  arm();
  await expect(faultPoint('push.before-call')).rejects.toThrow('The connection was lost');
  arm();
  await faultPoint('push.before-call');
});

test('what is thrown is nothing that a caller expects', async () => {
  arm({ action: 'throw' });
  await expect(faultPoint('push.before-call')).rejects.toThrow(new Error('A fault was asked for at push.before-call.'));
});
