/** The meter, case by case: every sandbox has one interval, in the engine's own times. */
import { describe, expect, test } from '@jest/globals';
import type { Interval } from '../../src/metering/index.ts';
import { bookAfter, changesFor, ended, interval, type Look, pod, pulls, seen } from './lives.ts';

interface Case {
  readonly title: string;
  readonly book?: readonly Interval[];
  readonly look: Look;
  /** The changes that are asked for; an opened interval by what counts of it. */
  readonly changes: readonly object[];
}

const cases: readonly Case[] = [
  {
    title: 'a group that has nothing costs nothing',
    look: { nowMs: 9_000 },
    changes: [],
  },
  {
    title: 'a sandbox costs from when it was made, not from when it was seen',
    look: { observed: seen(pod('a', 1_000)), nowMs: 9_000 },
    changes: [
      {
        kind: 'open',
        interval: expect.objectContaining({ id: 'a', podId: 'a', startedAtMs: 1_000, endedAtMs: null }),
      },
    ],
  },
  {
    title: 'a sandbox that bears the time of its first pull costs from then on, also with lost books',
    look: { observed: seen(pod('a', 1_000, { meteredFromMs: 400 })), nowMs: 9_000 },
    changes: [{ kind: 'open', interval: expect.objectContaining({ podId: 'a', startedAtMs: 400 }) }],
  },
  {
    title: 'pulls become the beginning of the sandbox that they were for',
    book: [pulls(500)],
    look: { observed: seen(pod('a', 1_000)), nowMs: 9_000 },
    changes: [{ kind: 'attach', id: 'pulls', podId: 'a' }],
  },
  {
    title: 'pulls are for one sandbox; a second one has an interval of its own',
    book: [pulls(500)],
    look: { observed: seen(pod('a', 1_000), pod('b', 1_100)), nowMs: 9_000 },
    changes: [
      { kind: 'attach', id: 'pulls', podId: 'a' },
      { kind: 'open', interval: expect.objectContaining({ podId: 'b', startedAtMs: 1_100 }) },
    ],
  },
  {
    title: 'pulls of a new revision are not taken by the sandbox of an old one',
    book: [pulls(5_000, { revision: 2 })],
    look: { observed: seen(pod('old', 1_000)), nowMs: 9_000, revision: 2 },
    changes: [
      { kind: 'open', interval: expect.objectContaining({ podId: 'old', revision: 1, startedAtMs: 1_000 }) },
    ],
  },
  {
    title: 'pulls go on while somebody waits for the sandbox',
    book: [pulls(500)],
    look: { nowMs: 9_000 },
    changes: [],
  },
  {
    title: 'pulls that were given up end now, and that is no guess',
    book: [pulls(500)],
    look: { nowMs: 9_000, wanted: false },
    changes: [{ kind: 'close', id: 'pulls', endedAtMs: 9_000, estimated: false }],
  },
  {
    title: 'pulls of a revision that another has replaced end now',
    book: [pulls(500)],
    look: { nowMs: 9_000, revision: 2 },
    changes: [{ kind: 'close', id: 'pulls', endedAtMs: 9_000, estimated: false }],
  },
  {
    title: 'a sandbox that runs on changes nothing',
    book: [interval('a', 1_000)],
    look: { observed: seen(pod('a', 1_000)), nowMs: 9_000 },
    changes: [],
  },
  {
    title: 'a sandbox that was made and has not started yet costs already',
    look: { observed: seen(pod('a', 1_000, { state: 'created' })), nowMs: 9_000 },
    changes: [{ kind: 'open', interval: expect.objectContaining({ podId: 'a', startedAtMs: 1_000 }) }],
  },
  {
    title: 'a sandbox costs until it ended, however late that is seen',
    book: [interval('a', 1_000)],
    look: { observed: seen(ended('a', 1_000, 4_321)), nowMs: 99_000 },
    changes: [{ kind: 'close', id: 'a', endedAtMs: 4_321, estimated: false }],
  },
  {
    title: 'a whole life that the bot slept through is in the bill',
    look: { observed: seen(ended('a', 1_000, 4_321)), nowMs: 99_000 },
    changes: [
      { kind: 'open', interval: expect.objectContaining({ podId: 'a', startedAtMs: 1_000 }) },
      { kind: 'close', id: 'a', endedAtMs: 4_321, estimated: false },
    ],
  },
  {
    title: 'a whole life after pulls that the bot did see is one interval',
    book: [pulls(500)],
    look: { observed: seen(ended('a', 1_000, 4_321)), nowMs: 99_000 },
    changes: [
      { kind: 'attach', id: 'pulls', podId: 'a' },
      { kind: 'close', id: 'pulls', endedAtMs: 4_321, estimated: false },
    ],
  },
  {
    title: 'a sandbox that ended before its pulls began, by another clock, costs nothing and not less',
    book: [pulls(5_000)],
    look: { observed: seen(ended('a', 1_000, 4_321)), nowMs: 9_000 },
    changes: [
      { kind: 'attach', id: 'pulls', podId: 'a' },
      { kind: 'close', id: 'pulls', endedAtMs: 5_000, estimated: false },
    ],
  },
  {
    title: 'a sandbox that vanished ends when that is seen, and the end is a guess',
    book: [interval('a', 1_000)],
    look: { nowMs: 9_000 },
    changes: [{ kind: 'close', id: 'a', endedAtMs: 9_000, estimated: true }],
  },
  {
    title: 'what is left of a pod whose sandbox is gone costs nothing',
    book: [interval('a', 1_000)],
    look: { observed: seen(pod('', 1_000, { state: 'absent' })), nowMs: 9_000 },
    changes: [{ kind: 'close', id: 'a', endedAtMs: 9_000, estimated: true }],
  },
  {
    title: 'a sandbox that was billed to its end is not billed again, even if it is shown as running',
    book: [interval('a', 1_000, { endedAtMs: 4_321 })],
    look: { observed: seen(pod('a', 1_000)), nowMs: 9_000 },
    changes: [],
  },
  {
    title: 'one sandbox ends while the next one begins',
    book: [interval('a', 1_000), pulls(3_000, { revision: 2 })],
    look: {
      observed: seen(ended('a', 1_000, 4_000), pod('b', 4_100, { revision: 2 })),
      nowMs: 9_000,
      revision: 2,
    },
    changes: [
      { kind: 'attach', id: 'pulls', podId: 'b' },
      { kind: 'close', id: 'a', endedAtMs: 4_000, estimated: false },
    ],
  },
];

describe('the meter', () => {
  test.each(cases)('$title', ({ book = [], look, changes }) => {
    expect(changesFor(book, look)).toEqual(changes);
    expect(changesFor(bookAfter(book, look), look)).toEqual([]);
  });

  test('keeps with an interval what it was opened for: group, size, prices, location and who asked', () => {
    const [opened] = bookAfter([], { observed: seen(pod('a', 1_000)), nowMs: 9_000 });
    expect(opened).toEqual(interval('a', 1_000));
  });
});
