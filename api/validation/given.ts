/** The fields a client sent: a DTO's class declares all of them, so that absent ones are there as undefined. */
export const given = <T extends object>(dto: T | undefined): Partial<T> =>
  Object.fromEntries(Object.entries(dto ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>; // fewer keys of T
