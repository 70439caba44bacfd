import { HostileWorld } from './world.js';

/** Git vectors share nothing: each has a project of its own. */
export interface NoWorld {
  close(): void;
}

export const inWorld = async (work: (hostile: HostileWorld) => Promise<void>): Promise<void> => {
  const hostile = await HostileWorld.make();
  try {
    await work(hostile);
  } finally {
    hostile.remove();
  }
};
