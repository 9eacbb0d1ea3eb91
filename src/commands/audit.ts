import { Failure } from '../failure.ts';
import { type AuditRow, type Caller, isEnough, verifyAudit } from '../policy/index.ts';
import * as say from '../replies/index.ts';
import type { Ground } from './ground.ts';
import type { RunVerb } from './verb.ts';

const ROWS_SHOWN = 50;

/** Who asked what, what was decided and what came of it; `verify` goes through the whole chain. */
export const runAudit: RunVerb = async function* (ground, { words, environment, options, caller }) {
  const [action] = words;
  if (action === 'verify') return say.auditVerified(await verifyAudit(ground.audit.all()));
  if (action !== undefined) {
    throw new Failure('usage', `audit does not know "${action}".`, {
      advice: 'katabot audit shows the rows, katabot audit verify goes through the chain.',
    });
  }
  const { since, caller: of, last } = options;
  const filter = {
    ...(typeof since === 'number' ? { sinceMs: ground.clock.now() - since } : {}),
    ...(typeof of === 'string' ? { caller: of } : {}),
    ...(environment === undefined ? {} : { environment }),
  };
  const rows = await rowsFor(ground, caller, filter, typeof last === 'number' ? last : ROWS_SHOWN);
  yield* say.auditTable(rows);
  return say.done('audit', { rows });
};

type Filter = Parameters<Ground['audit']['entries']>[0];

/** The newest rows that a caller may see: all of what they operate, and of the rest what they asked themselves. */
async function rowsFor(ground: Ground, caller: Caller, filter: Filter, last: number): Promise<AuditRow[]> {
  const operates = operatesIn(ground, caller);
  if (operates.everywhere) return ground.audit.entries({ ...filter, last });
  // Read by and by: of a long audit only a few rows may be theirs.
  const kept: AuditRow[] = [];
  for await (const row of ground.audit.all()) {
    if (!fits(row, filter) || !(row.caller === caller.name || operates.in(row.environment))) continue;
    kept.push(row);
    if (kept.length > last) kept.shift();
  }
  return kept;
}

function operatesIn({ policy }: Ground, caller: Caller) {
  const everywhere = policy
    .grantsOf(caller)
    .some(
      ({ right, environments, repositories }) =>
        isEnough(right, 'operator') && environments.includes('*') && repositories.includes('*'),
    );
  return {
    everywhere,
    in(environment: string): boolean {
      const { right } = environment ? policy.rightOf(caller, { environment }) : { right: undefined };
      return right !== undefined && isEnough(right, 'operator');
    },
  };
}

function fits(
  row: AuditRow,
  { sinceMs = 0, caller = row.caller, environment = row.environment }: Filter,
): boolean {
  return row.atMs >= sinceMs && row.caller === caller && row.environment === environment;
}
