import type { Route } from './route.js';

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

interface Compiled {
  readonly route: Route;
  readonly method: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
  /** Characters that are no parameter's. */
  readonly words: number;
}

/** The only parameters that may hold slashes. */
const WITH_SLASHES = ['ref', 'path', 'branch', 'basehead'];

function compile(route: Route): Compiled {
  const [method = '', template = ''] = route.operation.split(' ');
  const names: string[] = [];
  const source = template.replaceAll('.', '\\.').replace(/\{(\w+)\}/g, (_, name: string) => {
    names.push(name);
    return WITH_SLASHES.includes(name) ? '(.+?)' : '([^/]+)';
  });
  const words = template.replace(/\{\w+\}/g, '').length;
  return { route, method, pattern: new RegExp(`^${source}$`), names, words };
}

const safely = (encoded: string): string | undefined => {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined; // malformed: no such route
  }
};

/** Finds the route of a path; among several the one with more words of its own. */
export function routerOf(routes: readonly Route[]): (method: string, path: string) => Match | undefined {
  const compiled = routes.map(compile).sort((a, b) => b.words - a.words);
  return (method, path) => {
    for (const { route, method: its, pattern, names } of compiled) {
      const found = its === method ? pattern.exec(path) : null;
      if (found === null) continue;
      const values = found.slice(1).map(safely);
      if (values.some((value) => value === undefined)) continue;
      return { route, params: Object.fromEntries(names.map((name, index) => [name, values[index] ?? ''])) };
    }
    return undefined;
  };
}
