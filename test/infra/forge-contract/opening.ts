import { expect, test } from '@jest/globals';
import type { ContractWorld } from './world.js';

/** How a pull request of ours comes to be. */
export function openingContract(world: () => ContractWorld): void {
  test('the project is made ready as often as one likes, and says where its history comes from', async () => {
    const { forge, projectId } = world();
    const first = await forge.prepare(projectId);
    expect(['import', 'own']).toContain(first.kind);
    expect(await forge.prepare(projectId)).toEqual(first);
  });

  test('a pull request says what it was opened with, and where its head stands', async () => {
    const { forge, input } = world();
    const { number, url, author, ...opened } = await forge.openPullRequest(input);
    expect(opened).toEqual({
      state: 'open',
      title: input.title,
      body: input.body,
      draft: false,
      labels: [],
      headRef: input.headRef,
      baseRef: 'main',
      headSha: input.headSha,
      isHeadGone: false,
      mergeCommitSha: null,
      marker: input.marker,
    });
    expect([typeof number, author === '']).toEqual(['number', false]);
    expect(await forge.readPullRequest(input.projectId, number)).toEqual({ number, url, author, ...opened });
  });

  test('opening again adopts the pull request and brings its text up to date', async () => {
    const { forge, input, commitOn, move, patiently, wait } = world();
    const first = await forge.openPullRequest(input);
    const headSha = await commitOn(input.headSha, 'later');
    await move(input.headRef, headSha);
    const text = { title: 'A better title', body: `Done better\n\n<!-- ${input.marker} -->` };
    const again = await patiently(() => forge.openPullRequest({ ...input, headSha, ...text }));
    expect(again).toEqual({ ...first, headSha, ...text });
    expect(await forge.readPullRequest(input.projectId, first.number)).toEqual(again);
    await wait();
    expect(await forge.listPullRequests(input.projectId, {})).toHaveLength(1);
  });

  test('a pull request whose answer was lost is adopted, by another process too', async () => {
    const { forge, another, input, losing, patiently, wait } = world();
    await expect(losing('opened', () => forge.openPullRequest(input))).rejects.toMatchObject({ type: 'Unavailable' });
    const { number } = await patiently(() => another().openPullRequest(input));
    await wait();
    expect(await forge.listPullRequests(input.projectId, {})).toMatchObject([{ number, marker: input.marker }]);
  });

  test('many openings at once make one pull request', async () => {
    const { forge, another, input, patiently, wait } = world();
    const forges = [forge, another(), another(), forge];
    const opened = await Promise.all(forges.map((one) => patiently(() => one.openPullRequest(input))));
    expect(new Set(opened.map(({ number }) => number)).size).toBe(1);
    await wait();
    expect(await forge.listPullRequests(input.projectId, {})).toHaveLength(1);
  });

  test('pull requests of several branches have numbers of their own', async () => {
    const { forge, input, newBranch } = world();
    const inputs = [input, await newBranch('second'), await newBranch('third')];
    const opened = await Promise.all(inputs.map((one) => forge.openPullRequest(one)));
    expect(new Set(opened.map(({ number }) => number)).size).toBe(3);
  });

  test('another author’s open pull request of the same branches is a conflict', async () => {
    const { forge, input, openByStranger, patiently } = world();
    await openByStranger(input.headRef, 'main');
    await expect(patiently(() => forge.openPullRequest(input))).rejects.toMatchObject({ type: 'Conflict' });
  });

  test('what landed from this head is adopted; after it ended, another head opens another one', async () => {
    const { forge, input, land, move, commitOn, patiently } = world();
    const { number } = await forge.openPullRequest(input);
    await land(input);
    await patiently(() => forge.markMerged(input.projectId, number, input.headSha));
    expect(await patiently(() => forge.openPullRequest(input))).toMatchObject({ number, state: 'merged' });
    const headSha = await commitOn(input.headSha, 'more');
    await move(input.headRef, headSha);
    const next = await forge.openPullRequest({ ...input, headSha });
    expect([next.number === number, next.state, next.headSha]).toEqual([false, 'open', headSha]);
  });

  test('after a closed one another is opened for the same head', async () => {
    const { forge, input, patiently } = world();
    const first = await forge.openPullRequest(input);
    await patiently(() => forge.closePullRequest(input.projectId, first.number, 'cancelled'));
    const next = await forge.openPullRequest(input);
    expect([next.number === first.number, next.state]).toEqual([false, 'open']);
  });

  test('a branch that is not there is nothing to open', async () => {
    const { forge, input, wait } = world();
    const unknown = { ...input, headRef: 'millwright/nowhere' };
    // A forge may not know yet what was pushed a moment ago: then it is asked again.
    const type = expect.stringMatching(/^(InvalidInput|Unavailable)$/);
    await expect(forge.openPullRequest(unknown)).rejects.toMatchObject({ type });
    await wait();
    expect(await forge.listPullRequests(input.projectId, {})).toEqual([]);
  });
}
