/** What may be sent when, as a function of what waits and what was sent. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { nextWrite, type SentWrite, type WaitingWrite } from '../../src/mail/next-write.ts';
import { BUDGET, HOUR_MS, MINUTE_MS, mostIn } from './other-side.ts';

const waiting = (key: string, more: Partial<WaitingWrite> = {}): WaitingWrite => ({
  key,
  importance: 'result',
  creates: true,
  sinceMs: 0,
  nextAtMs: 0,
  sentAtMs: 0,
  place: '',
  ...more,
});

const kinds = fc.record({
  importance: fc.constantFrom(
    'acknowledgement' as const,
    'safety' as const,
    'result' as const,
    'progress' as const,
  ),
  creates: fc.boolean(),
  sinceMs: fc.integer({ min: 0, max: 3 * HOUR_MS }),
});

/** Sends all of it, as soon as each may go; time leaps from one to the next. */
function sendAll(all: readonly WaitingWrite[]) {
  const left = new Set(all);
  const sent: (SentWrite & { readonly write: WaitingWrite })[] = [];
  let nowMs = 0;
  while (left.size) {
    const here = [...left].filter(({ sinceMs }) => sinceMs <= nowMs);
    const next = nextWrite(here, sent, BUDGET, nowMs);
    const comesMs = Math.min(...[...left].map(({ sinceMs }) => sinceMs).filter((atMs) => atMs > nowMs));
    if (next && 'send' in next) {
      left.delete(next.send);
      sent.push({ atMs: nowMs, creates: next.send.creates, place: '', write: next.send });
    } else nowMs = Math.min(comesMs, next ? nowMs + Math.max(1, next.waitMs) : Number.POSITIVE_INFINITY);
  }
  return sent;
}

test('no span of a minute or an hour holds more than is allowed, and the share of the acknowledgements stays free', () => {
  let busiestHour = 0;
  fc.assert(
    fc.property(fc.array(kinds, { minLength: 500, maxLength: 1_200, size: 'max' }), (all) => {
      const sent = sendAll(all.map((each, index) => waiting(`key-${index}`, each)));
      expect(sent).toHaveLength(all.length);
      const others = sent.filter(({ write }) => write.importance !== 'acknowledgement');
      const made = (list: typeof sent) => list.filter(({ creates }) => creates);
      expect(mostIn(sent, MINUTE_MS)).toBeLessThanOrEqual(180);
      expect(mostIn(others, MINUTE_MS)).toBeLessThanOrEqual(144);
      expect(mostIn(made(sent), MINUTE_MS)).toBeLessThanOrEqual(80);
      expect(mostIn(made(others), MINUTE_MS)).toBeLessThanOrEqual(64);
      expect(mostIn(made(sent), HOUR_MS)).toBeLessThanOrEqual(500);
      expect(mostIn(made(others), HOUR_MS)).toBeLessThanOrEqual(400);
      busiestHour = Math.max(busiestHour, mostIn(made(sent), HOUR_MS));
    }),
    { numRuns: 20 },
  );
  expect(busiestHour).toBeGreaterThanOrEqual(200); // the hour was put to the test
});

test('an acknowledgement goes at once though a thousand results wait and have used up their share', () => {
  const results = Array.from({ length: 1_000 }, (_, index) => waiting(`result-${index}`));
  const sent = Array.from({ length: 64 }, (_, index) => ({ atMs: 1_000 + index, creates: true, place: '' }));
  expect(nextWrite(results, sent, BUDGET, 2_000)).toEqual({ waitMs: 59_000 });
  const acknowledgement = waiting('eyes', { importance: 'acknowledgement', sinceMs: 2_000 });
  expect(nextWrite([...results, acknowledgement], sent, BUDGET, 2_000)).toEqual({ send: acknowledgement });
});

test('an edit goes though nothing more may be made', () => {
  const sent = Array.from({ length: 80 }, (_, index) => ({ atMs: 1_000 + index, creates: true, place: '' }));
  const edit = waiting('edit', { creates: false, sinceMs: 1_500 });
  expect(nextWrite([waiting('new'), edit], sent, BUDGET, 2_000)).toEqual({ send: edit });
});

test('nothing to send is nothing to wait for', () => {
  expect(nextWrite([], [], BUDGET, 0)).toBeUndefined();
});
