import { family, type Vector } from '../vector.js';
import { LIFETIME } from './lifetime.vectors.js';
import { LIMITS } from './limits.vectors.js';
import { PROBES, type Probe } from './probes.js';
import { SYSTEM_CALLS } from './system-calls.js';
import { SandboxWorld, said } from './world.js';

/** From a sandbox of its own and from that of a session. */
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
    for (const where of [{}, { session: world.newSession() }]) {
      const result = await world.run(script(world), { isTreeReadOnly, ...where });
      tally.count(judge(said(result)));
    }
  },
});

export const SANDBOX = family(
  { name: 'sandbox', about: 'what runs in the sandbox of an agent or a check and wants out, in or more' },
  [...[...PROBES, SYSTEM_CALLS].map(probed), ...LIMITS, ...LIFETIME],
  () => SandboxWorld.open(),
);
