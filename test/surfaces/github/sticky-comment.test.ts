/** The one comment of a pull request, at each stage, as it was read and found good; and with everything hostile in it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { MOST_COMMENT } from '../../../src/surfaces/github/markdown.ts';
import { type PullView, stickyComment } from '../../../src/surfaces/github/sticky-comment.ts';
import { deedsOf, HOSTILE } from './hostile.ts';
import { STAGES } from './stages.ts';

/** Written anew with KATABOT_STAGES=write; then read it. */
const FILE = join(import.meta.dirname, 'stages.md');
const WRITING = process.env['KATABOT_STAGES'] === 'write';

test('each stage looks as it was agreed', () => {
  const drawn = STAGES.map(([name, view]) => `<!-- stage: ${name} -->\n\n${stickyComment(view)}\n`).join(
    '\n',
  );
  if (WRITING) writeFileSync(FILE, drawn);
  expect(drawn).toBe(readFileSync(FILE, 'utf8'));
});

describe('text from outside', () => {
  const [, running] = STAGES.find(([name]) => name === 'running') ?? [];
  if (!running) throw new Error('there is no such stage');
  const links = running.places.flatMap(({ groups }) => groups.flatMap(({ urls }) => urls));
  const places: Readonly<Record<string, (text: string) => PullView>> = {
    'the title': (text) => ({ ...running, title: text }),
    'who asked': (text) => ({ ...running, places: running.places.map((each) => ({ ...each, by: text })) }),
    'the reason': (text) => ({
      ...running,
      places: running.places.map((each) => ({ ...each, state: 'failed', detail: text })),
    }),
    'a group’s name': (text) => ({
      ...running,
      places: running.places.map((each) => ({
        ...each,
        groups: [...each.groups, { name: text, urls: [], address: text, running: '1/1' }],
      })),
    }),
    'an environment': (text) => ({
      ...running,
      places: running.places.map((each) => ({ ...each, environment: text })),
    }),
    'a removed one': (text) => ({
      ...running,
      places: running.places.map((each) => ({ ...each, state: 'removed', environment: text, detail: text })),
    }),
    'a step': (text) => ({
      ...running,
      places: running.places.map((each) => ({
        ...each,
        state: 'deploying',
        steps: [{ kind: 'stage', mark: 'running', label: text, text }],
      })),
    }),
  };

  test.each(Object.keys(places))('does nothing as %s', (name) => {
    for (const text of HOSTILE) {
      const view = places[name]?.(text) ?? running;
      const drawn = stickyComment(view);
      // The first line is the bot's own, and so are the summary of the plan and the small print.
      const deeds = deedsOf(drawn.slice(drawn.indexOf('\n') + 1), { links });
      expect({ text: text.slice(0, 40), deeds }).toEqual({ text: text.slice(0, 40), deeds: [] });
      expect(drawn.length).toBeLessThanOrEqual(MOST_COMMENT);
    }
  });
});

test('a group is known by its own domain first, then by the name that the bot has given it', () => {
  const [, running] = STAGES.find(([name]) => name === 'running') ?? [];
  if (!running) throw new Error('there is no such stage');
  const urls = ['https://shop.example.com', 'https://shop.local.localhost'];
  const places = running.places.map((each) => ({
    ...each,
    groups: [{ name: 'shop', urls, address: '', running: '1/1' }],
  }));
  expect(stickyComment({ ...running, places })).toContain(
    '**[shop.example.com](<https://shop.example.com>)**<br>**[shop.local.localhost](<https://shop.local.localhost>)**',
  );
});

test('what is too long loses the plan first; rows and bills stay', () => {
  const [, ready] = STAGES[1] ?? [];
  if (!ready) throw new Error('there is no such stage');
  const long = {
    ...ready,
    plan: { ...ready.plan, verdict: 'invalid' as const, text: 'x\n\n'.repeat(40_000) },
  };
  const drawn = stickyComment({ ...long, places: STAGES[3]?.[1].places ?? [] });
  expect(drawn.length).toBeLessThanOrEqual(MOST_COMMENT);
  expect(drawn).toContain('production');
});
