import { randomBytes } from 'node:crypto';
import { Failure } from '../failure.ts';
import { type Bill, formatTotal } from '../metering/index.ts';
import type { AuditEntry, Decision } from '../policy/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import type { Ground } from './ground.ts';

/** What the audit is told of a command when it is asked. */
export type Asking = Pick<AuditEntry, 'caller' | 'surface' | 'text' | 'group' | 'environment'> & {
  readonly decision: string;
};

/** A command that the audit knows of; it is told the end as well, once. */
export interface Recorded {
  /** undefined: nobody waited for the end. */
  end(outcome: Outcome | undefined): Promise<void>;
}

const ID_BYTES = 6;

/** What keeping the audit stands on. */
export type RecordGround = Pick<Ground, 'audit' | 'clock'>;

/** Writes into the audit that something was asked. Throws a Failure when it cannot: what is not written is not done. */
export async function record(ground: RecordGround, asking: Asking): Promise<Recorded> {
  const entry = { ...asking, id: randomBytes(ID_BYTES).toString('hex') };
  await ground.audit.append({ ...entry, kind: 'asked', atMs: ground.clock.now(), effect: '', cost: '' });
  let ended = false;
  return {
    async end(outcome) {
      if (ended) return;
      ended = true;
      const end = { effect: effectOf(outcome), cost: costOf(outcome) };
      const row = { ...entry, ...end, kind: 'ended' as const, atMs: ground.clock.now() };
      await ground.audit.append(row).catch(unlessFull);
    },
  };
}

/** Runs what was recorded and writes down how it ended, however that was. */
export async function* recorded(
  { end }: Recorded,
  work: AsyncGenerator<Block, Outcome>,
  signal: AbortSignal,
): AsyncGenerator<Block, Outcome> {
  let outcome: Outcome | undefined;
  try {
    outcome = yield* work;
    return outcome;
  } catch (error) {
    if (!signal.aborted) outcome = endOf(error);
    throw error;
  } finally {
    await end(outcome);
  }
}

/** Something that was thrown, as the end that it is. */
export function endOf(error: unknown): Outcome {
  const code = error instanceof Failure ? error.code : 'internal';
  return { kind: 'failed', code, blocks: [], data: null };
}

/** Policy's answer as the audit keeps it. */
export function decisionText(decision: Decision): string {
  return decision.allowed ? `allowed: ${decision.rule}` : `refused: ${decision.code}`;
}

/** Words as they would be typed. */
export function typedText(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./#-]+$/.test(word) ? word : JSON.stringify(word))).join(' ');
}

function effectOf(outcome: Outcome | undefined): string {
  return outcome ? `${outcome.kind}: ${outcome.code}` : 'left';
}

/** What the outcome says that it has cost; '' when it says nothing of it. */
function costOf(outcome: Outcome | undefined): string {
  const { bill, groups }: { bill?: unknown; groups?: unknown } = Object(outcome?.data);
  const bills = Array.isArray(groups) ? groups.map((each) => Object(each).bill) : [bill];
  return bills.filter(isBill).map(formatTotal).join(' + ');
}

function isBill(value: unknown): value is Bill {
  return typeof value === 'object' && value !== null && 'total' in value && 'otherTotals' in value;
}

/** The work is done: that the end of it cannot be written takes nobody's answer away. */
function unlessFull(error: unknown): void {
  if (!(error instanceof Failure)) throw error;
}
