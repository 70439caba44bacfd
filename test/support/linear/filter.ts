// Filters of Linear's queries, as far as comparators go. One that it does not know fails the test: it would else match all.

type Value = unknown;

const COMPARATORS: Readonly<Record<string, (value: Value, wanted: never) => boolean>> = {
  eq: (value, wanted: Value) => value === wanted,
  neq: (value, wanted: Value) => value !== wanted,
  in: (value, wanted: readonly Value[]) => wanted.includes(value),
  eqIgnoreCase: (value, wanted: string) => String(value).toLowerCase() === wanted.toLowerCase(),
  gte: (value, wanted: string) => Date.parse(String(value)) >= Date.parse(wanted),
  gt: (value, wanted: string) => Date.parse(String(value)) > Date.parse(wanted),
  some: (value, wanted: object) => (value as readonly Value[]).some((one) => matches(one, wanted)),
};

/** @param value what the fields of the filter are looked up in; a list is one for `some` */
export function matches(value: Value, filter: object): boolean {
  return Object.entries(filter).every(([name, wanted]) => {
    const compare = COMPARATORS[name];
    if (compare !== undefined) return compare(value, wanted as never);
    if (typeof value !== 'object' || value === null || !(name in value))
      throw new Error(`the stand-in of Linear cannot filter by ${name}`);
    const field = (value as Readonly<Record<string, Value>>)[name];
    return field !== null && matches(field, wanted as object);
  });
}

export interface PageArguments {
  readonly first?: number;
  readonly after?: string | null;
  readonly orderBy?: 'createdAt' | 'updatedAt';
}

interface Listed {
  readonly id: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The latest first, as Linear lists. */
export function pageOf<T extends Listed>(
  all: readonly T[],
  { first = 50, after, orderBy = 'createdAt' }: PageArguments,
) {
  const sorted = all.toSorted((a, b) => Date.parse(b[orderBy]) - Date.parse(a[orderBy]));
  const from = after ? sorted.findIndex(({ id }) => id === after) + 1 : 0;
  const nodes = sorted.slice(from, from + first);
  const hasNextPage = from + first < sorted.length;
  const pageInfo = { hasNextPage, hasPreviousPage: from > 0, endCursor: nodes.at(-1)?.id ?? null, startCursor: null };
  return { nodes, pageInfo };
}

/** Of a list that has no times of its own. */
export const wholePage = <T>(nodes: readonly T[]) => ({
  nodes,
  pageInfo: { hasNextPage: false, hasPreviousPage: false, endCursor: null, startCursor: null },
});
