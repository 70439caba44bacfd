import { expect, test } from '@jest/globals';
import { v7 as uuidv7 } from 'uuid';
import type { ContractWorld } from './world.js';

/** What the forge says of pull requests. */
export function readingContract(world: () => ContractWorld): void {
  test('an open pull request follows its branch, an ended one keeps where it stood', async () => {
    const { forge, input, commitOn, move, land, patiently } = world();
    const { projectId } = input;
    const { number } = await forge.openPullRequest(input);
    const headSha = await commitOn(input.headSha, 'later');
    await move(input.headRef, headSha);
    expect(await forge.readPullRequest(projectId, number)).toMatchObject({ headSha });
    await land({ ...input, headSha });
    await patiently(() => forge.markMerged(projectId, number, headSha));
    await move(input.headRef, await commitOn(headSha, 'latest'));
    expect(await forge.readPullRequest(projectId, number)).toMatchObject({ headSha, state: 'merged' });
    await move(input.headRef, undefined);
    expect(await forge.readPullRequest(projectId, number)).toMatchObject({ headSha, state: 'merged' });
  });

  test('without its branch a pull request is ended or says so, and still tells its last head', async () => {
    const { forge, input, move } = world();
    const { number } = await forge.openPullRequest(input);
    await move(input.headRef, undefined);
    const pr = await forge.readPullRequest(input.projectId, number);
    expect([pr.state === 'open' && !pr.isHeadGone, pr.headSha]).toEqual([false, input.headSha]);
  });

  test('a draft and its labels are told, and adopting it leaves it a draft', async () => {
    const { forge, input, change, patiently } = world();
    const { number } = await forge.openPullRequest(input);
    await change(number, { draft: true, label: 'hold' });
    expect(await forge.readPullRequest(input.projectId, number)).toMatchObject({ draft: true, labels: ['hold'] });
    expect(await patiently(() => forge.openPullRequest({ ...input, title: 'B' }))).toMatchObject({
      number,
      draft: true,
    });
    await change(number, { draft: false });
    expect(await forge.readPullRequest(input.projectId, number)).toMatchObject({ draft: false, labels: ['hold'] });
  });

  test('a list is by number, and of each filter the ones that fit', async () => {
    const { forge, input, newBranch, land, patiently, wait } = world();
    const { projectId } = input;
    const second = await newBranch('second');
    const third = { ...(await newBranch('third', second.headSha)), baseRef: second.headRef };
    const numbers: number[] = [];
    for (const one of [input, second, third]) numbers.push((await forge.openPullRequest(one)).number);
    const [merged = 0, closed = 0, open = 0] = numbers;
    await land(input);
    await patiently(() => forge.markMerged(projectId, merged, input.headSha));
    await patiently(() => forge.closePullRequest(projectId, closed, 'cancelled'));
    await wait();
    const listed = async (filter: Parameters<typeof forge.listPullRequests>[1]) =>
      (await forge.listPullRequests(projectId, filter)).map(({ number }) => number);
    expect(await listed({})).toEqual([...numbers].sort((a, b) => a - b));
    expect(await listed({ state: 'open' })).toEqual([open]);
    expect(await listed({ state: 'closed' })).toEqual([closed]);
    expect(await listed({ state: 'merged' })).toEqual([merged]);
    expect(await listed({ headRef: second.headRef })).toEqual([closed]);
    expect(await listed({ baseRef: second.headRef })).toEqual([open]);
    expect(await listed({ baseRef: 'main', state: 'open' })).toEqual([]);
  });

  test('what is not there is NotFound, whatever is asked of it', async () => {
    const { forge, projectId } = world();
    const NOT_FOUND = { type: 'NotFound' };
    await expect(forge.readPullRequest(projectId, 99)).rejects.toMatchObject(NOT_FOUND);
    await expect(forge.closePullRequest(projectId, 99, 'x')).rejects.toMatchObject(NOT_FOUND);
    await expect(forge.markMerged(projectId, 99, '1'.repeat(40))).rejects.toMatchObject(NOT_FOUND);
    await expect(forge.closeLanded(projectId, 99, '1'.repeat(40))).rejects.toMatchObject(NOT_FOUND);
    const merge = { headSha: '1'.repeat(40), message: 'x' };
    await expect(forge.mergePullRequest(projectId, 99, merge)).rejects.toMatchObject(NOT_FOUND);
  });

  test('a project that the forge does not know is NotFound', async () => {
    const { forge, input } = world();
    const projectId = uuidv7();
    const NOT_FOUND = { type: 'NotFound' };
    await expect(forge.remote(projectId)).rejects.toMatchObject(NOT_FOUND);
    await expect(forge.openPullRequest({ ...input, projectId })).rejects.toMatchObject(NOT_FOUND);
    await expect(forge.readPullRequest(projectId, 1)).rejects.toMatchObject(NOT_FOUND);
    await expect(forge.listPullRequests(projectId, {})).rejects.toMatchObject(NOT_FOUND);
    await expect(forge.closePullRequest(projectId, 1, 'x')).rejects.toMatchObject(NOT_FOUND);
  });
}
