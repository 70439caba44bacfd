import { expect, test } from '@jest/globals';
import { toApplicationFailure } from '../../activities/support/to-application-failure.js';
import { toAnswer } from '../../api/http/problem.js';
import { gitFailure } from '../../infra/git/git-failures.js';

const thrown = (code: string) => Object.assign(new Error(`${code}: it cannot be done, write '/home/x'`), { code });
const said = (code: string) => toApplicationFailure(thrown(code));

const DISKS = [
  ['ENOSPC', 'DISK_FULL', 'No space left on device'],
  ['EDQUOT', 'DISK_FULL', 'Disk quota exceeded'],
  ['EIO', 'DISK_FAILS', 'Input/output error'],
  ['EROFS', 'DISK_FAILS', 'Read-only file system'],
] as const;

test.each(DISKS)(
  'a disk that takes no more, or fails, is Unavailable to everybody, and no path is told: %s',
  (...disk) => {
    const [code, reason, words] = disk;
    expect(said(code)).toMatchObject({ type: 'Unavailable', nonRetryable: false, details: [{ reason }] });
    expect(String(said(code))).not.toContain('/home/x');
    expect(toAnswer(thrown(code), 'log')).toMatchObject({
      problem: { status: 503, code: 'Unavailable', details: { reason } },
      headers: { 'retry-after': expect.any(String) },
      isUnexpected: true, // it is logged
    });
    const stderr = `fatal: unable to write new index file: ${words}`;
    expect(gitFailure('commit', 128, stderr)).toMatchObject({ type: 'Unavailable', details: { reason } });
  },
);

test('what nobody has classified stays ours', () => {
  expect(said('EFAULT')).toMatchObject({ type: 'Internal', nonRetryable: false });
});

test('an object that the disk does not give back is damage, which is mended', () => {
  const stderr = 'error: mmap failed: Input/output error\nfatal: loose object 12ab (stored in …) is corrupt';
  expect(gitFailure('cat-file', 128, stderr).details.reason).toBe('OBJECT_CORRUPT');
});
