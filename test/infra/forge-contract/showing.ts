import { expect, test } from '@jest/globals';
import type { GateReport } from '../../../infra/forge/gate-reports.js';
import type { ContractWorld } from './world.js';

/** Where gates are shown on commits. */
export function showingContract(world: () => ContractWorld): void {
  test('a gate is shown, brought up to date, and never says again what it says already, whoever shows it', async () => {
    const { gates, input, projectId, wait } = world();
    if (gates === undefined) throw new Error('Nothing is shown there.');
    const report: GateReport = {
      name: 'gate',
      headSha: input.headSha,
      externalId: 'one',
      shownAs: null,
      isAgain: false,
      standing: 'in_progress',
      title: 'Running',
      summary: '',
      text: '',
      annotations: [],
    };
    const shownAs = await gates.another().show(projectId, report);
    await wait();
    expect(await gates.another().show(projectId, report)).toBe(shownAs);
    const red = { ...report, shownAs, standing: 'failure', title: 'Failed' } as const;
    for (let times = 0; times < 3; times++) {
      expect(await gates.another().show(projectId, red)).toBe(shownAs);
      // Whoever knows that he has just shown it does not ask: lists are late.
      await wait();
    }
    const shown = gates.shown(input.headSha);
    expect(shown.at(-1)).toEqual(['gate', 'failure', 'Failed']);
    // What is edited is one; where nothing can be, each word is said once.
    expect(shown).toHaveLength(shownAs === null ? 2 : 1);
  });
}
