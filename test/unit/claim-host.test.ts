import { expect, test } from '@jest/globals';
import { ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';
import { hostClaims } from '../../workflows/support/claim-host.js';

const FULL = { kind: 'full', host: 'a', freeBytes: 1, wantedBytes: 2 } as const;
/** A host that is full when it is first asked; what each later ask answers or throws, and what was asked and said. */
function claiming(...later: readonly (object | Error)[]) {
  const asked: boolean[] = [];
  const said: (string | undefined)[] = [];
  const claimHost = async ({ isPatient = false }: { readonly isPatient?: boolean }) => {
    const answer = asked.length === 0 ? FULL : later[asked.length - 1];
    asked.push(isPatient);
    if (answer instanceof Error) throw answer;
    return answer as typeof FULL;
  };
  const claim = hostClaims({ claimHost }, (full) => said.push(full?.host));
  return { asked, said, claimed: () => claim('p') };
}

test('while its disk is full a host is asked patiently, for as long as that takes', async () => {
  const timeout = new TimeoutFailure('its hour is over', undefined, 'START_TO_CLOSE');
  const { claimed, asked, said } = claiming(FULL, timeout, FULL, { hostQueue: 'a' });
  expect(await claimed()).toBe('a');
  expect(asked).toEqual([false, true, true, false, true]);
  expect(said).toEqual(['a', 'a', 'a', undefined]);
});

test('a claim that is cancelled, or that meets a bug, is not made again', async () => {
  for (const error of [new CancelledFailure('the task was cancelled'), new TypeError('a bug')]) {
    const { claimed, asked, said } = claiming(error, { hostQueue: 'a' });
    await expect(claimed()).rejects.toBe(error);
    expect([asked, said]).toEqual([
      [false, true],
      ['a', undefined],
    ]);
  }
});

test('a patient look that fails is followed by a short one, whose failure counts', async () => {
  const none = ApplicationFailure.nonRetryable('no host answers', 'Unavailable');
  const { claimed, asked } = claiming(none, none);
  await expect(claimed()).rejects.toBe(none);
  expect(asked).toEqual([false, true, false]);
});
