import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Resource } from '../cli/api-client.js';
import { makeRepository } from '../test/support/e2e/history.js';
import { Instance } from '../test/support/e2e/instance.js';
import { until } from '../test/support/until.js';
import type { Bench, Measured } from './comparison.js';
import { inTurns, lengthOf, type Measures, series } from './support/rounds.js';
import { scratchOnDisk } from './support/scratch.js';
import { AskedModel, NAMED } from './support/start/asked-model.js';
import { DirectStart } from './support/start/direct.js';
import { median, quantile } from './support/statistics.js';

const AT_ONCE = 10;
const FILES = 1_000;

/** M5b: from the accepted task to the first request that reaches the model, ten at once, against one script. */
export const taskStart: Bench = {
  redWhen: 'checks out cold, or adds activities before the first turn',
  run: async (options) => {
    const scratch = scratchOnDisk();
    const model = await AskedModel.start();
    const endpoint = { ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: 'bench' };
    // The direct script composes the product's own parts in this process, which read it from there.
    Object.assign(process.env, endpoint);
    const source = makeRepository(join(scratch.path, 'source'), filesOf(FILES));
    const direct = await DirectStart.open(source);
    const instance = await Instance.start({ env: { ...endpoint, MILLWRIGHT_TUNING: 'normal' } });
    try {
      const project = await instance.addProject(source, { name: 'bench' });
      const measured = await inTurns(
        { direct: () => startDirectly(direct, model), ours: () => startOurs(instance, project, model) },
        lengthOf(options, 9),
      );
      const row = (name: string, measure: string): Measured => ({
        name,
        unit: 'ms',
        baseline: series(measured, 'direct', measure),
        ours: series(measured, 'ours', measure),
      });
      return {
        title: `task accepted until the model is asked, ${AT_ONCE} at once, ${FILES.toLocaleString('en')} files`,
        subject: 'the whole stack as `millwright up` starts it; trees from the pool but for the tenth and the ninth',
        rows: [{ ...row('p95', 'p95Ms'), gate: { wants: 'atMost', target: 1.5, floor: 3 } }, row('p50', 'p50Ms')],
      };
    } finally {
      await instance.stop();
      await direct.close();
      await model.close();
      scratch.remove();
    }
  },
};

const filesOf = (count: number): Readonly<Record<string, string>> => ({
  'millwright.yml': 'version: 1\nchecks:\n  - name: test\n    run: "true"\n',
  ...Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`part${Math.floor(at / 50)}/file${at}.txt`, `file ${at}\n`.repeat(20)]),
  ),
});

let named = 0;
const names = (): readonly string[] => Array.from({ length: AT_ONCE }, () => `${NAMED}${++named}`);

const spread = (took: readonly number[]): Measures => ({ p50Ms: median(took), p95Ms: quantile(took, 0.95) });

const startDirectly = async (direct: DirectStart, model: AskedModel): Promise<Measures> => {
  const tasks = await Promise.all(names().map(async (name) => ({ name, id: await direct.file(name) })));
  const ended: Promise<void>[] = [];
  const took = await Promise.all(
    tasks.map(async ({ name, id }) => {
      const asked = model.asked(name);
      const startedAt = performance.now();
      ended.push(direct.begin(id));
      return (await asked) - startedAt;
    }),
  );
  await Promise.all(ended);
  return spread(took);
};

const startOurs = async (instance: Instance, project: Resource, model: AskedModel): Promise<Measures> => {
  const started = await Promise.all(
    names().map(async (title) => {
      const asked = model.asked(title);
      const task = await instance.api.post('/tasks', { projectId: project.id, title, description: 'Begin.' });
      const acceptedAt = performance.now();
      return { id: task.id, tookMs: (await asked) - acceptedAt };
    }),
  );
  // The agents have given up; their trees go back to the pool before the next round.
  for (const { id } of started) {
    await until(async () => (await instance.api.get(`/tasks/${id}`)).state === 'BLOCKED');
    await instance.api.post(`/tasks/${id}/cancel`, {});
  }
  const { trees } = instance.layout;
  await until(async () => (await countIn(join(trees, 'live'))) + (await countIn(join(trees, 'transit'))) === 0);
  return spread(started.map(({ tookMs }) => tookMs));
};

const countIn = async (directory: string): Promise<number> => (await readdir(directory)).length;
