/** The meter under any story of sandboxes, any looks at it, and any death of the bot. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ObservedPod } from '../../src/engines/index.ts';
import type { Interval } from '../../src/metering/index.ts';
import { bookAfter, changesFor, ended, type Look, pod, pulls, seen, written } from './lives.ts';

/** What one sandbox does, in the engine's time; `removedAtMs` is when nothing of it is shown any more. */
interface Life {
  readonly id: string;
  readonly revision: number;
  readonly pulledMs: number | undefined;
  readonly createdAtMs: number;
  readonly finishedAtMs: number;
  readonly removedAtMs: number;
}

const LONGEST_MS = 100;

/** Sandboxes of a group follow one another, each of a later revision. */
const stories = fc
  .array(
    fc.record({
      gap: fc.nat(LONGEST_MS),
      pulledMs: fc.option(fc.nat(LONGEST_MS), { nil: undefined }),
      life: fc.nat(LONGEST_MS),
      kept: fc.nat(LONGEST_MS),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((steps) => {
    let atMs = 0;
    return steps.map(({ gap, pulledMs, life, kept }, index): Life => {
      const createdAtMs = atMs + gap + (pulledMs ?? 0);
      const finishedAtMs = createdAtMs + life;
      atMs = finishedAtMs + kept + 1;
      return { id: `s${index}`, revision: index + 1, pulledMs, createdAtMs, finishedAtMs, removedAtMs: atMs };
    });
  });

function lookAt(story: readonly Life[], nowMs: number): Look {
  const pods = story
    .filter(({ createdAtMs, removedAtMs }) => createdAtMs <= nowMs && nowMs < removedAtMs)
    .map(({ id, revision, pulledMs, createdAtMs, finishedAtMs }): ObservedPod => {
      const pulled = pulledMs === undefined ? {} : { meteredFromMs: createdAtMs - pulledMs };
      const end = finishedAtMs <= nowMs ? { state: 'exited' as const, finishedAtMs } : {};
      return pod(id, createdAtMs, { revision, ...pulled, ...end });
    });
  const revision = story.findLast(({ createdAtMs }) => createdAtMs <= nowMs)?.revision ?? 1;
  return { observed: pods.length ? seen(...pods) : undefined, nowMs, revision };
}

const byId = (a: Interval, b: Interval) => a.id.localeCompare(b.id);

describe('whatever lives and dies, and whenever the bot looks', () => {
  const endMs = (story: readonly Life[]) => story.at(-1)?.removedAtMs ?? 0;
  const looks = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 12 });
  const timesOf = (story: readonly Life[], list: readonly number[]) =>
    list.map((part) => Math.floor(part * endMs(story))).toSorted((a, b) => a - b);

  test('a sandbox that was still there at some look is billed to the millisecond of the engine', () => {
    fc.assert(
      fc.property(stories, looks, (story, list) => {
        const times = timesOf(story, list);
        const book = times.reduce<Interval[]>((sofar, nowMs) => bookAfter(sofar, lookAt(story, nowMs)), []);
        for (const { id, pulledMs = 0, createdAtMs, finishedAtMs, removedAtMs } of story) {
          const billed = book.filter(({ podId }) => podId === id);
          const shown = times.filter((nowMs) => createdAtMs <= nowMs && nowMs < removedAtMs);
          expect(billed.length).toBe(shown.length ? 1 : 0);
          if (!shown.some((nowMs) => nowMs >= finishedAtMs)) continue;
          const endedAtMs = finishedAtMs;
          expect(billed).toMatchObject([
            { startedAtMs: createdAtMs - pulledMs, endedAtMs, estimated: false },
          ]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('an end that nobody saw is a guess between the last look and the next one', () => {
    fc.assert(
      fc.property(stories, looks, (story, list) => {
        const times = timesOf(story, list);
        const book = times.reduce<Interval[]>((sofar, nowMs) => bookAfter(sofar, lookAt(story, nowMs)), []);
        for (const { podId, endedAtMs, estimated } of book) {
          const life = story.find(({ id }) => id === podId);
          if (!estimated || !life || endedAtMs === null) continue;
          expect(endedAtMs).toBe(times.find((nowMs) => nowMs >= life.removedAtMs));
        }
      }),
    );
  });
});

describe('whatever is shown, however unlikely', () => {
  const ids = ['a', 'b', 'c'] as const;
  const pods = fc
    .uniqueArray(
      fc.record({
        id: fc.constantFrom(...ids),
        revision: fc.integer({ min: 1, max: 2 }),
        createdAtMs: fc.nat(100),
        life: fc.option(fc.nat(100), { nil: undefined }),
      }),
      { selector: ({ id }) => id },
    )
    .map((list) =>
      list.map(({ id, revision, createdAtMs, life }) => ({
        ...(life === undefined ? pod(id, createdAtMs) : ended(id, createdAtMs, createdAtMs + life)),
        revision,
      })),
    );
  const views = fc.array(
    fc.record({ pods, wanted: fc.boolean(), revision: fc.integer({ min: 1, max: 2 }) }),
    { minLength: 1, maxLength: 6 },
  );

  test('a death between any two writes loses nothing, and looking twice adds nothing', () => {
    fc.assert(
      fc.property(views, fc.boolean(), (list, pulled) => {
        let book: Interval[] = pulled ? [pulls(50)] : [];
        for (const [index, view] of list.entries()) {
          const observed = view.pods.length ? seen(...view.pods) : undefined;
          const look = { ...view, observed, nowMs: 1_000 + index };
          const changes = changesFor(book, look);
          const whole = written(book, changes);
          expect(changesFor(whole, look)).toEqual([]);
          for (let killedAfter = 0; killedAfter < changes.length; killedAfter++) {
            const half = written(book, changes.slice(0, killedAfter));
            expect(bookAfter(half, look).toSorted(byId)).toEqual(whole.toSorted(byId));
          }
          expectSound(book, whole);
          book = whole;
        }
      }),
      { numRuns: 500 },
    );
  });
});

function expectSound(before: readonly Interval[], now: readonly Interval[]): void {
  const attached = now.flatMap(({ podId }) => (podId === null ? [] : [podId]));
  expect(new Set(attached).size).toBe(attached.length);
  for (const { startedAtMs, endedAtMs } of now) {
    expect(endedAtMs ?? startedAtMs).toBeGreaterThanOrEqual(startedAtMs);
  }
  for (const closed of before.filter(({ endedAtMs }) => endedAtMs !== null)) {
    expect(now).toContainEqual(closed);
  }
}
