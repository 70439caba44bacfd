import type { Violation } from './finding.js';
import type { Truths } from './truths.js';

/**
 * I7: every reply is booked and none was bought after it was kept, what a dead call may have cost stays booked, and the
 * vendor billed no more than that.
 */
export async function money(truths: Truths): Promise<readonly Violation[]> {
  return [
    ...(await unbooked(truths)),
    ...(await boughtAgain(truths)),
    ...(await totals(truths)),
    ...(await reserved(truths)),
    ...(await billed(truths)),
  ];
}

async function unbooked({ db }: Truths): Promise<readonly Violation[]> {
  const { rows } = await db.query<{ subject: string; turn: number; settled: number }>({
    text: `SELECT 'run/' || t.run_id AS subject, t.seq AS turn, count(l.id)::int AS settled
           FROM turn t LEFT JOIN usage_ledger l ON l.run_id = t.run_id AND l.turn = t.seq AND l.state = 'settled'
           WHERE t.response_ref IS NOT NULL AND t.usage <> '{}' GROUP BY 1, 2 HAVING count(l.id) <> 1 ORDER BY 1, 2`,
  });
  return rows.map(({ subject, turn, settled }) => ({
    subject,
    detail: `the reply of turn ${turn} is booked ${settled} times`,
    remedy: 'Compare with the vendor’s bill; the ledger decides what may still be spent.',
  }));
}

/** Calls that began when the reply of their turn was kept already. */
export async function boughtAgain({ db }: Pick<Truths, 'db'>): Promise<readonly Violation[]> {
  const { rows } = await db.query<{ subject: string; turn: number }>({
    text: `SELECT 'run/' || l.run_id AS subject, l.turn FROM usage_ledger l
           JOIN turn t ON t.run_id = l.run_id AND t.seq = l.turn AND t.response_ref IS NOT NULL
           WHERE l.created_at > t.created_at ORDER BY 1, 2`,
  });
  return rows.map(({ subject, turn }) => ({
    subject,
    detail: `the reply of turn ${turn} was bought again after it was kept`,
    remedy: 'Report it with the logs of the worker: it must not happen.',
  }));
}

async function totals({ db }: Truths): Promise<readonly Violation[]> {
  const { rows } = await db.query<{ subject: string; shown: number; booked: number }>({
    text: `SELECT 'run/' || r.id AS subject, r.cost_micro_usd AS shown,
                  coalesce(sum(l.cost_micro_usd), 0)::bigint AS booked
           FROM run r LEFT JOIN usage_ledger l ON l.run_id = r.id AND l.state <> 'reserved'
           WHERE r.ended_at IS NOT NULL GROUP BY r.id HAVING r.cost_micro_usd < coalesce(sum(l.cost_micro_usd), 0)
           ORDER BY 1`,
  });
  return rows.map(({ subject, shown, booked }) => ({
    subject,
    detail: `shows ${shown} µ$ where the ledger has ${booked} µ$`,
    remedy: 'Trust the ledger: budgets are compared with it, not with the run’s row.',
  }));
}

/** A reservation of a run that is over is neither spent nor free. */
async function reserved({ db, graceMs }: Truths): Promise<readonly Violation[]> {
  const { rows } = await db.query<{ subject: string; calls: number }>({
    text: `SELECT 'run/' || r.id AS subject, count(*)::int AS calls
           FROM run r JOIN usage_ledger l ON l.run_id = r.id AND l.state = 'reserved'
           WHERE r.ended_at <= now() - $1 * interval '1 millisecond' GROUP BY r.id ORDER BY 1`,
    values: [graceMs],
  });
  return rows.map(({ subject, calls }) => ({
    subject,
    detail: `has ended with ${calls} calls that are still reserved, hence in no total`,
    remedy: 'Count them as spent: they may have been billed.',
  }));
}

async function billed({ db, bill }: Truths): Promise<readonly Violation[]> {
  if (!bill) return [];
  const { rows } = await db.query<{ calls: number; output: number }>({
    text: `SELECT count(*)::int AS calls, coalesce(sum(output_tokens), 0)::bigint AS output FROM usage_ledger`,
  });
  const { calls = 0, output = 0 } = rows[0] ?? {};
  const tokens = bill.reduce((sum, { outputTokens }) => sum + outputTokens, 0);
  const remedy = 'A call was made past the books: look who else uses the key.';
  return [
    ...(bill.length > calls
      ? [{ subject: 'ledger', detail: `the vendor billed ${bill.length} calls, and ${calls} are booked`, remedy }]
      : []),
    ...(tokens > output
      ? [{ subject: 'ledger', detail: `the vendor billed ${tokens} output tokens, and ${output} are booked`, remedy }]
      : []),
  ];
}
