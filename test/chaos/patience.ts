import type { Instance } from '../support/e2e/instance.js';

/** Many epics on a busy machine take longer than one may. @throws what `wait` throws once no task has ended meanwhile */
export async function whileTasksEnd<T>(instance: Instance, wait: () => Promise<T>): Promise<T> {
  for (let before = await endedTasks(instance); ; ) {
    try {
      return await wait();
    } catch (error) {
      const now = await endedTasks(instance);
      if (now === before) throw error;
      before = now;
    }
  }
}

const endedTasks = async (instance: Instance): Promise<number> =>
  (await instance.query("SELECT 1 FROM task WHERE state = 'COMPLETED'")).length;
