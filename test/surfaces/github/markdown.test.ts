/** What the bot says in GitHub's Markdown: readable, within the limits, and deaf to what stands in it. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import type { Block } from '../../../src/replies/index.ts';
import type { Problem } from '../../../src/spec/index.ts';
import { commandLines } from '../../../src/surfaces/github/comment-lines.ts';
import { drawMarkdown, MOST_COMMENT } from '../../../src/surfaces/github/markdown.ts';
import { deedsOf, HOSTILE } from './hostile.ts';

const problem = (text: string): Problem => ({
  file: text,
  line: 3,
  column: 7,
  path: text,
  severity: 'error',
  code: 'invalid',
  message: text,
  advice: text,
  own: false,
});

/** Every kind of block, with a text from outside in each of its places. */
const KINDS: Readonly<Record<string, (text: string) => Block[]>> = {
  heading: (text) => [{ kind: 'heading', text }],
  stage: (text) => [{ kind: 'stage', mark: 'done', label: text, text, tookMs: 410 }],
  field: (text) => [{ kind: 'field', label: 'cost', text }],
  log: (text) => [
    { kind: 'log', source: 'web', text },
    { kind: 'log', source: text, text: 'after' },
  ],
  problem: (text) => [{ kind: 'problem', problem: problem(text), excerpt: `3 | ${text}\n  | ^` }],
  table: (text) => [{ kind: 'table', columns: ['a', text], rows: [[text, 'b'], ['c']] }],
  text: (text) => [{ kind: 'text', text }],
  verbatim: (text) => [{ kind: 'verbatim', text: `${text}\n`.repeat(40) }],
};

describe('text from outside does nothing', () => {
  test.each(Object.keys(KINDS))('in a %s', (kind) => {
    for (const text of HOSTILE) {
      const drawn = drawMarkdown([
        { kind: 'text', text: 'before' },
        ...(KINDS[kind]?.(text) ?? []),
        { kind: 'text', text: 'after' },
      ]);
      expect({ text: text.slice(0, 60), deeds: deedsOf(drawn) }).toEqual({
        text: text.slice(0, 60),
        deeds: [],
      });
      expect(commandLines(drawn, 'katabot')).toEqual([]);
      expect(fromMarkdown(drawn).children.at(-1)).toMatchObject({
        type: 'paragraph',
        children: [{ value: 'after' }],
      });
    }
  });

  test('whatever is made of pieces of it', () => {
    const piece = fc.oneof(
      fc.constantFrom(...HOSTILE),
      fc.string({ maxLength: 8 }),
      fc.constantFrom('`', '\n', '|', '<', '@', '#1'),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(KINDS)),
        fc.array(piece, { maxLength: 5 }),
        (kind, pieces) => {
          const drawn = drawMarkdown(KINDS[kind]?.(pieces.join('')) ?? []);
          expect(deedsOf(drawn)).toEqual([]);
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

test('every kind is drawn as people read it', () => {
  expect(
    drawMarkdown([
      { kind: 'heading', text: 'shop · staging' },
      { kind: 'stage', mark: 'done', label: 'image', text: 'web:1 pulled', tookMs: 1_240 },
      { kind: 'stage', mark: 'failed', label: 'start', text: 'exit code 3' },
      { kind: 'field', label: 'cost', text: '$0.01 so far · `katabot cost shop`' },
      { kind: 'blank' },
      { kind: 'log', source: 'web', text: 'listening on 80' },
      { kind: 'log', source: 'web', text: 'GET / 200' },
      { kind: 'table', columns: ['group', 'rate'], rows: [['shop', '$0.05 /h']] },
    ]),
  ).toBe(`#### shop · staging

- ✔ **image** web:1 pulled · 1.24 s
- ✗ **start** exit code 3
- **cost** \\$0.01 so far · \`katabot cost shop\`

\`\`\`text
web | listening on 80
web | GET / 200
\`\`\`

| group | rate |
| --- | --- |
| shop | \\$0.05 /h |`);
});

describe('what is too long', () => {
  const long = (count: number, text: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => text(index));

  test.each<[string, Block[]]>([
    ['a log', long(20_000, (index) => `line ${index}`).map((text) => ({ kind: 'log', source: 'web', text }))],
    ['one line', [{ kind: 'log', source: 'web', text: 'x'.repeat(10_000_000) }]],
    [
      'a table',
      [
        {
          kind: 'table',
          columns: ['a', 'b'],
          rows: long(5_000, (index) => `row ${index}`).map((text) => [text, text]),
        },
      ],
    ],
    ['a document', [{ kind: 'verbatim', text: long(10_000, (index) => `- key${index}: value`).join('\n') }]],
    [
      'many problems',
      long(2_000, () => 'wrong').map((text) => ({
        kind: 'problem',
        problem: problem(text),
        excerpt: text.repeat(50),
      })),
    ],
    [
      'many texts',
      long(3_000, (index) => `${index} ${'word '.repeat(60)}`).map((text) => ({ kind: 'text', text })),
    ],
  ])('%s is cut in its middle and stays whole', (_name, blocks) => {
    const drawn = drawMarkdown(blocks);
    expect(drawn.length).toBeLessThanOrEqual(MOST_COMMENT);
    expect((drawn.match(/^`{3,}/gm) ?? []).length % 2).toBe(0);
    expect((drawn.match(/<details>/g) ?? []).length).toBe((drawn.match(/<\/details>/g) ?? []).length);
    const tree = fromMarkdown(drawn, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] });
    for (const { type } of tree.children)
      expect(['paragraph', 'code', 'html', 'table', 'list', 'heading']).toContain(type);
  });

  test('says how much is left out, and keeps the beginning and the end', () => {
    const drawn = drawMarkdown(
      long(20_000, (index) => `line ${index}`).map((text) => ({ kind: 'log', source: 'web', text })),
    );
    expect(drawn).toContain('web | line 0\n');
    expect(drawn).toContain('web | line 19999\n');
    expect(drawn).toMatch(/… \d+ lines are left out …/);
  });
});
