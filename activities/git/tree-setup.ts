import { Failure } from '../../domain/failures.js';
import { plainText } from '../checks/log-text.js';
import { type PlanDeps, planCommit } from '../checks/plan.js';
import type { LayerSpec, SetupLayers } from '../checks/setup-layers.js';
import type { SetupInput, TreeSetup } from './ports.js';

export interface TreeSetupDeps extends PlanDeps {
  readonly layers: SetupLayers;
}

/** The same layers that the checks use, by the same keys: what was made for one serves the other. */
export function createTreeSetup(deps: TreeSetupDeps): TreeSetup {
  /** A configuration that cannot be read has no setup: to repair it may be the very task. */
  const layerFor = async ({ projectId, commit, signal }: SetupInput): Promise<LayerSpec | undefined> => {
    const plan = await planCommit(deps, { projectId, base: commit, commit }, signal);
    if (plan.kind === 'invalid' || plan.layer === undefined) return undefined;
    if (!plan.isSetupNetworkAllowed)
      throw new Failure('PermissionDenied', 'setup uses the network: an admin must allow it with setupNetwork: true.');
    return plan.layer;
  };
  return {
    describe: async (input) => {
      const layer = await layerFor(input);
      return layer && { key: layer.key, outputs: layer.setup.outputs };
    },
    install: async (input) => {
      const layer = await layerFor(input);
      if (layer === undefined) return;
      const { projectId, commit, signal } = input;
      const fresh = { projectId, commit, ownerId: `setup/${layer.key}`, signal };
      const made = await deps.layers.ensure(layer, () => deps.trees.acquire(fresh), signal);
      if (made.kind === 'failed') throw setupFailed(made.log);
      await deps.layers.copyInto(input.tree, layer, signal);
    },
  };
}

const setupFailed = (log: string): Failure => {
  const tail = plainText(log).trimEnd().split('\n').slice(-3).join(' ').slice(-500);
  return new Failure('Unavailable', `setup failed: ${tail}`, { reason: 'SETUP_FAILED' });
};
