// Who may ask for work at a forge, and tell it what to do. Pure.

/** What somebody may do in the repository, as the forge says when it is asked; `none` for strangers. */
export const PERMISSIONS = ['none', 'read', 'triage', 'write', 'maintain', 'admin'] as const;
export type Permission = (typeof PERMISSIONS)[number];

export interface Actor {
  readonly permission: Permission;
  /** Of a team that the installation names. */
  readonly isInTeam: boolean;
}

/** Whoever may push may also ask for work; a label alone can be set by less, or by a form that a stranger fills in. */
export const mayCommand = ({ permission, isInTeam }: Actor): boolean =>
  isInTeam || PERMISSIONS.indexOf(permission) >= PERMISSIONS.indexOf('write');

/** `role_name` and `permission` of the forge's answer: organisations name roles of their own, which count as what they grant. */
export function permissionOf(roleName: string | undefined, granted: string): Permission {
  const known = (name: string | undefined): Permission | undefined => PERMISSIONS.find((one) => one === name);
  return known(roleName) ?? known(granted) ?? 'none';
}
