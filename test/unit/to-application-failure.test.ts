import { expect, test } from '@jest/globals';
import { toApplicationFailure } from '../../activities/support/to-application-failure.js';

const said = (code: string) =>
  toApplicationFailure(Object.assign(new Error(`${code}: it cannot be done, write '/home/x'`), { code }));

test.each(['ENOSPC', 'EDQUOT'])(
  'a disk without room is Unavailable, whoever met it, and no path is told: %s',
  (code) => {
    expect(said(code)).toMatchObject({ type: 'Unavailable', nonRetryable: false, details: [{ reason: 'DISK_FULL' }] });
    expect(String(said(code))).not.toContain('/home/x');
  },
);

test('what nobody has classified stays ours', () => {
  expect(said('EIO')).toMatchObject({ type: 'Internal', nonRetryable: false });
});
