import type { Answer, Call } from './call.js';

const DEFAULT_PER_PAGE = 30;
const MOST_PER_PAGE = 100;

/**
 * One page of a list, with the links to the others. Only what is on the page is rendered.
 * @param wrap for the lists that come inside an object with a count
 */
export async function page<T>(
  call: Call,
  items: readonly T[],
  render: (item: T) => unknown,
  wrap: (rendered: readonly unknown[], total: number) => unknown = (rendered) => rendered,
): Promise<Answer> {
  const perPage = Math.min(MOST_PER_PAGE, Math.max(1, Number(call.query.get('per_page') ?? DEFAULT_PER_PAGE)));
  const number = Math.max(1, Number(call.query.get('page') ?? 1));
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const rendered = await Promise.all(items.slice((number - 1) * perPage, number * perPage).map(render));
  const link = (to: number, rel: string): string => {
    const url = new URL(call.url);
    url.searchParams.set('page', String(to));
    return `<${url}>; rel="${rel}"`;
  };
  const links = [
    ...(number > 1 ? [link(number - 1, 'prev')] : []),
    ...(number < last ? [link(number + 1, 'next'), link(last, 'last')] : []),
    ...(number > 1 ? [link(1, 'first')] : []),
  ];
  return {
    status: 200,
    body: wrap(rendered, items.length),
    headers: links.length > 0 ? { link: links.join(', ') } : {},
  };
}
