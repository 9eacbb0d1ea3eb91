/** Whoever is written to, and what it allows: keeps all that arrives, and does what a test says before. */
import { type Budget, createOutbox, type KeptWrite, type Write } from '../../src/mail/index.ts';
import type { Books } from './books.ts';

export const BUDGET: Budget = {
  writesPerMinute: 180,
  createsPerMinute: 80,
  createsPerHour: 500,
  reserve: 0.2,
  progressEveryMs: 5_000,
};
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

export const write = (key: string, content: unknown, more: Partial<Write> = {}): Write => ({
  account: 'github:7',
  key,
  kind: 'comment',
  content,
  importance: 'result',
  creates: true,
  ...more,
});

export interface Sent {
  readonly key: string;
  readonly content: unknown;
  readonly remote: string | undefined;
  readonly atMs: number;
}

/** An outbox over these books, whose other side keeps what it was sent and does what the test says before. */
export function outboxOver(
  { store, clock }: Books,
  before: (kept: KeptWrite, signal: AbortSignal) => void | Promise<void> = () => {},
) {
  const sent: Sent[] = [];
  const given: string[] = [];
  let ids = 0;
  const outbox = createOutbox({
    accounts: '',
    book: store.outbox,
    clock,
    random: () => 0,
    budget: BUDGET,
    async deliver(kept, signal) {
      await before(kept, signal);
      const { write: wanted, remote } = kept;
      sent.push({ key: wanted.key, content: wanted.content, remote, atMs: clock.now() });
      return remote ?? `id-${++ids}`;
    },
    alarm: ({ key }, why) => given.push(`${key}: ${why}`),
  });
  return { outbox, sent, given };
}

/** The most that was sent in any span that begins with a sending; oldest first. */
export function mostIn(sent: readonly { readonly atMs: number }[], spanMs: number): number {
  let most = 0;
  let first = 0;
  for (const [index, { atMs }] of sent.entries()) {
    while ((sent[first]?.atMs ?? atMs) <= atMs - spanMs) first++;
    most = Math.max(most, index - first + 1);
  }
  return most;
}
