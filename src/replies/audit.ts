import type { AuditRow, AuditVerdict } from '../policy/index.ts';
import type { Block, Outcome } from './document.ts';
import { done } from './outcomes.ts';
import { refused, stage } from './push.ts';
import { timeOf } from './tokens.ts';

// What the bot says about what was asked of it.

/** Rows of the audit as a table, oldest first. */
export function auditTable(rows: readonly AuditRow[]): Block[] {
  if (!rows.length) return [{ kind: 'text', text: 'The audit holds nothing of that.' }];
  return [
    {
      kind: 'table',
      columns: ['row', 'time', 'caller', 'from', 'command', 'decision', 'effect', 'cost'],
      rows: rows.map((row) => [
        String(row.number),
        timeOf(row.atMs),
        row.caller,
        row.surface,
        row.text,
        row.decision,
        row.kind === 'asked' ? 'asked' : row.effect,
        row.cost,
      ]),
    },
  ];
}

/** What came of going through the whole chain. */
export function auditVerified(verdict: AuditVerdict): Outcome {
  if (!verdict.ok) {
    return {
      ...refused(
        'audit-broken',
        `The audit is broken at row ${verdict.row}: ${verdict.why}.`,
        'Somebody has changed the database past the bot. Compare it with a back-up: katabot audit shows the rows.',
      ),
      kind: 'failed',
    };
  }
  const { rows, head } = verdict;
  const count = rows === 1 ? '1 row' : `${rows} rows`;
  return done('audit-verified', verdict, [
    stage('done', 'audit', `${count}, none changed, missing or put in`),
    ...(rows ? [stage('done', 'head', head)] : []),
  ]);
}
