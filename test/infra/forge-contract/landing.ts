import { expect, test } from '@jest/globals';
import type { ContractWorld } from './world.js';

/** How a pull request ends: landed by a push, by the forge's own merge, or closed. */
export function landingContract(world: () => ContractWorld): void {
  test('what landed by a push is marked once; the same commit again is success', async () => {
    const { forge, another, input, land, patiently } = world();
    const { projectId, headSha } = input;
    const { number } = await forge.openPullRequest(input);
    await land(input);
    await patiently(() => forge.markMerged(projectId, number, headSha));
    await patiently(() => another().markMerged(projectId, number, headSha));
    const merged = await forge.readPullRequest(projectId, number);
    expect(merged).toMatchObject({ state: 'merged', mergeCommitSha: headSha });
    // What ended stays as it ended.
    await forge.closePullRequest(projectId, number, 'late');
    await forge.closeLanded(projectId, number, headSha);
    expect(await forge.readPullRequest(projectId, number)).toEqual(merged);
  });

  test('a closed pull request is not marked as merged', async () => {
    const { forge, input, patiently } = world();
    const { projectId, headSha } = input;
    const { number } = await forge.openPullRequest(input);
    await patiently(() => forge.closePullRequest(projectId, number, 'cancelled'));
    await expect(patiently(() => forge.markMerged(projectId, number, headSha))).rejects.toMatchObject({
      type: 'Conflict',
    });
    expect(await forge.readPullRequest(projectId, number)).toMatchObject({ state: 'closed', mergeCommitSha: null });
  });

  test('a landing that the forge does not show is closed, and its page says which commit it is', async () => {
    const { forge, input, land, patiently, wordsOn } = world();
    const { projectId, headSha } = input;
    const { number } = await forge.openPullRequest(input);
    await patiently(() => forge.closeLanded(projectId, number, headSha));
    await patiently(() => forge.closeLanded(projectId, number, headSha));
    const { state, mergeCommitSha } = await forge.readPullRequest(projectId, number);
    expect([state === 'open', `${mergeCommitSha} ${await wordsOn(number)}`.includes(headSha)]).toEqual([false, true]);
    await land(input);
  });

  test('its own merge takes exactly the head that was asked for, once, or says why not', async () => {
    const { forge, input, commitOn, move } = world();
    const { projectId, headSha } = input;
    const { number } = await forge.openPullRequest(input);
    const later = await commitOn(headSha, 'later');
    await move(input.headRef, later);
    const stale = await forge.mergePullRequest(projectId, number, { headSha, message: 'Merge' });
    expect(['headMoved', 'refused']).toContain(stale.kind);
    expect(await forge.readPullRequest(projectId, number)).toMatchObject({ state: 'open', mergeCommitSha: null });
    const outcome = await forge.mergePullRequest(projectId, number, { headSha: later, message: 'Merge\n\nof it' });
    const pr = await forge.readPullRequest(projectId, number);
    if (outcome.kind === 'merged') expect(pr).toMatchObject({ state: 'merged', mergeCommitSha: outcome.commit });
    else expect([outcome.kind, pr.state]).toEqual(['refused', 'open']);
    const again = await forge.mergePullRequest(projectId, number, { headSha: later, message: 'Merge' });
    expect([again.kind, await forge.readPullRequest(projectId, number)]).toEqual(['refused', pr]);
  });

  test('closing says why once, however often it is asked for and whichever answer is lost', async () => {
    const { forge, another, input, losing, patiently, wordsOn } = world();
    const { projectId } = input;
    const { number } = await forge.openPullRequest(input);
    const close = () => forge.closePullRequest(projectId, number, 'the task was cancelled');
    await expect(losing('said', close)).rejects.toMatchObject({ type: 'Unavailable' });
    await losing('closed', close).catch(() => undefined);
    await patiently(() => another().closePullRequest(projectId, number, 'the task was cancelled'));
    await patiently(close);
    expect(await forge.readPullRequest(projectId, number)).toMatchObject({ state: 'closed', mergeCommitSha: null });
    expect((await wordsOn(number)).split('Closed: the task was cancelled')).toHaveLength(2);
  });
}
