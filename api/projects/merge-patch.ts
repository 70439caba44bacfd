type Mapping = Readonly<Record<string, unknown>>;

const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @see https://www.rfc-editor.org/rfc/rfc7396 null removes a key; a list replaces a list */
export const mergePatch = (target: Mapping, patch: Mapping): Mapping => {
  const kept = Object.entries(target).filter(([key]) => !Object.hasOwn(patch, key));
  const set = Object.entries(patch).flatMap(([key, value]): [string, unknown][] => {
    if (value === null) return [];
    const before = target[key];
    return [[key, isMapping(value) ? mergePatch(isMapping(before) ? before : {}, value) : value]];
  });
  return Object.fromEntries([...kept, ...set]);
};
