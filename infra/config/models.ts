import type { Variables } from './variables.js';

export const ROLES = ['orchestrator', 'supervisor', 'worker', 'reviewer', 'droid'] as const;
export type Role = (typeof ROLES)[number];

export const PERMISSION_MODES = ['strict', 'relaxed', 'yolo'] as const;
export type PermissionMode = (typeof PERMISSION_MODES)[number];

const ALIASES = ['opus', 'sonnet', 'haiku'] as const;
export type ModelAlias = (typeof ALIASES)[number];

/** What an agent of a role runs with unless its own row says otherwise. */
export interface RoleProfile {
  /** A model's full name: aliases are already resolved. */
  readonly model: string;
  readonly permissions: PermissionMode;
}

export interface ModelSettings {
  readonly aliases: Readonly<Record<ModelAlias, string>>;
  readonly roles: Readonly<Record<Role, RoleProfile>>;
}

const DEFAULT_MODELS: Readonly<Record<ModelAlias, string>> = {
  opus: 'claude-opus-5-5',
  sonnet: 'claude-sonnet-5-5',
  haiku: 'claude-haiku-5-5',
};

const DEFAULT_PERMISSIONS: Readonly<Record<Role, PermissionMode>> = {
  orchestrator: 'strict',
  supervisor: 'relaxed',
  worker: 'yolo',
  reviewer: 'relaxed',
  droid: 'relaxed',
};

const isAlias = (name: string): name is ModelAlias => ALIASES.some((alias) => alias === name);

/** Answers the full name of a model that may be given as an alias. */
export const resolveModel = (aliases: ModelSettings['aliases'], name: string): string =>
  isAlias(name) ? aliases[name] : name;

/** `OPUS_MODEL` and the like rename an alias; `WORKER_MODEL` and `WORKER_PERMISSIONS` set a role's profile. */
export const readModels = (variables: Variables): ModelSettings => {
  const aliasModel = (alias: ModelAlias): string =>
    variables.text(`${alias.toUpperCase()}_MODEL`) ?? DEFAULT_MODELS[alias];
  const aliases = { opus: aliasModel('opus'), sonnet: aliasModel('sonnet'), haiku: aliasModel('haiku') };
  const profile = (role: Role): RoleProfile => {
    const prefix = role.toUpperCase();
    return {
      model: resolveModel(aliases, variables.text(`${prefix}_MODEL`) ?? 'sonnet'),
      permissions: variables.oneOf(`${prefix}_PERMISSIONS`, PERMISSION_MODES, DEFAULT_PERMISSIONS[role]),
    };
  };
  return {
    aliases,
    roles: {
      orchestrator: profile('orchestrator'),
      supervisor: profile('supervisor'),
      worker: profile('worker'),
      reviewer: profile('reviewer'),
      droid: profile('droid'),
    },
  };
};
