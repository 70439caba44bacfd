import type { Refusal } from '../failures.js';
import type {
  CheckAsWritten,
  CheckConfig,
  ConfigFile,
  ConfigOverrides,
  ProjectConfig,
  SetupAsWritten,
  SetupConfig,
} from './types.js';

const DEFAULTS = {
  merge: {
    policy: 'sequential',
    budget: 1,
    lookahead: 0,
    landing: 'strict',
    analyser: 'all',
    strategy: 'merge',
    via: 'push',
    attempts: 3,
    rebaseRounds: 3,
    maxEntries: 500,
  },
  agents: { worker: { use: 'anthropic-worker' }, supervisor: { use: 'anthropic-supervisor' } },
  // What a run and an epic may use is the installation's to say where the project does not.
  limits: { parallelTasks: 10, run: {}, task: {}, epic: {} },
  epics: { mergeTarget: 'epic', land: 'person', overlap: 'serialise', approval: 'none', planner: 'model' },
} as const satisfies Partial<ProjectConfig>;

const DEFAULT_SETUP_SECONDS = 1800;
const DEFAULT_CHECK_SECONDS = 300;

/**
 * What holds for a project. Mappings are joined key by key; a list or a single value of the overrides replaces the
 * file's.
 * @param file undefined when the repository has none
 */
export const effectiveConfig = (file: ConfigFile | undefined, overrides: ConfigOverrides): ProjectConfig => {
  const { checks: overriddenChecks, sandbox, setupNetwork, ...rest } = overrides;
  // Three values of the validated shapes joined give the effective shape: each default key is present.
  const joined = join(join(DEFAULTS, file ?? {}), rest) as Pick<
    ProjectConfig,
    'merge' | 'agents' | 'limits' | 'epics'
  > & {
    readonly setup?: SetupAsWritten;
  };
  const checks =
    overriddenChecks === undefined ? (file?.checks ?? []) : overriddenChecks === 'none' ? [] : overriddenChecks;
  return {
    ...(joined.setup ? { setup: completeSetup(joined.setup) } : {}),
    checks: checks.map(completeCheck),
    areChecksWaived: overriddenChecks === 'none',
    merge: joined.merge,
    agents: joined.agents,
    limits: joined.limits,
    sandbox: sandbox ?? 'bubblewrap',
    isSetupNetworkAllowed: setupNetwork ?? false,
    epics: joined.epics,
  };
};

/** Why the project takes no work yet. */
export const whyNoWork = (config: ProjectConfig): Refusal | undefined => {
  if (config.setup && !config.isSetupNetworkAllowed) {
    return {
      type: 'InvalidState',
      message:
        'setup runs code of the repository with network access, which an admin must allow: millwright project add <source> --allow-setup-network, or setupNetwork: true in the overrides of the project.',
    };
  }
  if (config.areChecksWaived || config.checks.some((check) => check.required)) return undefined;
  if ((config.forgeChecks ?? []).length > 0) return undefined;
  return {
    type: 'InvalidState',
    message:
      'The project has no required check: commit a millwright.yml with checks, accept the proposed ones, name one, require one in the rules of its base branch on GitHub, or let an admin set checks: none.',
  };
};

/**
 * Every check of both sets, under unique names: a change that edits the checks must pass the old and the new ones.
 * @param tip the checks that hold on the target; @param edited those of the changed file
 */
export const unionOfChecks = (tip: readonly CheckConfig[], edited: readonly CheckConfig[]): readonly CheckConfig[] => {
  const isKept = (check: CheckConfig): boolean => tip.some((own) => definitionOf(own) === definitionOf(check));
  const isTaken = (name: string): boolean => tip.some((own) => own.name === name);
  // No name that passed validation has parentheses.
  const nameOf = (check: CheckConfig): string => (isTaken(check.name) ? `${check.name} (edited)` : check.name);
  const added = edited.filter((check) => !isKept(check));
  const renamed = new Map(added.map((check) => [check.name, nameOf(check)]));
  return [
    ...tip,
    ...added.map((check) => ({
      ...check,
      name: nameOf(check),
      needs: check.needs.map((need) => renamed.get(need) ?? need),
    })),
  ];
};

const definitionOf = (check: CheckConfig): string => JSON.stringify(check);

const completeSetup = ({ run, timeout, ...rest }: SetupAsWritten): SetupConfig => ({
  inputs: [],
  env: [],
  ...rest,
  run: typeof run === 'string' ? [run] : run,
  timeoutSeconds: timeout ?? DEFAULT_SETUP_SECONDS,
});

/** Keys in a fixed order: the definition is part of the evidence key. */
const completeCheck = (check: CheckAsWritten): CheckConfig => ({
  name: check.name,
  run: check.run,
  required: check.required ?? true,
  timeoutSeconds: check.timeout ?? DEFAULT_CHECK_SECONDS,
  needs: check.needs ?? [],
  inputs: check.inputs ?? [],
  ...(check.rerun === undefined ? {} : { rerun: check.rerun }),
  retry: check.retry ?? 'none',
  env: check.env ?? [],
  failFast: check.failFast ?? false,
});

type Mapping = Readonly<Record<string, unknown>>;

const join = (under: object, over: object): object => joinMappings({ ...under }, { ...over });

const joinMappings = (under: Mapping, over: Mapping): Mapping =>
  Object.fromEntries(
    [...new Set([...Object.keys(under), ...Object.keys(over)])].map((key) => {
      const [below, above] = [under[key], over[key]];
      if (above === undefined) return [key, below];
      return [key, isMapping(below) && isMapping(above) ? joinMappings(below, above) : above];
    }),
  );

const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
