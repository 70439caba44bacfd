import type { Server } from 'node:net';
import { family, type Vector } from '../vector.js';
import { LIFETIME } from './lifetime.vectors.js';
import { LIMITS } from './limits.vectors.js';
import { PROBES, type Probe } from './probes.js';
import { SYSTEM_CALLS } from './system-calls.js';
import { SandboxWorld, said } from './world.js';

/** From a sandbox of its own, from that of a session, and from one with a listener. */
const probed = ({
  name,
  controls,
  isSmoke = false,
  isTreeReadOnly = false,
  script,
  judge,
}: Probe): Vector<SandboxWorld> => ({
  name,
  controls,
  isSmoke,
  run: async (world, tally) => {
    for (const where of [{}, { session: world.newSession() }, { listener: HUNG_UP }]) {
      const result = await world.run(script(world), { isTreeReadOnly, ...where });
      tally.count(judge(said(result)));
    }
  },
});

/** Nobody stands behind it. */
const HUNG_UP = { port: 7461, accept: (listening: Server) => void listening.close() };

export const SANDBOX = family(
  { name: 'sandbox', about: 'what runs in the sandbox of an agent or a check and wants out, in or more' },
  [...[...PROBES, SYSTEM_CALLS].map(probed), ...LIMITS, ...LIFETIME],
  () => SandboxWorld.open(),
);
