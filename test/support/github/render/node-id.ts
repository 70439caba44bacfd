/** An opaque id of GraphQL, of the look of GitHub's. */
export const nodeIdOf = (kind: string, id: number): string =>
  `${kind}_${Buffer.from(`${kind}:${id}`).toString('base64url')}`;
