/** Which lines of a comment the bot obeys. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { commandLines } from '../../../src/surfaces/github/comment-lines.ts';

const read = (text: string) => commandLines(text, 'katabot');

describe('a line is a command', () => {
  test.each<[string, string, string[]]>([
    ['alone', '/deploy', ['/deploy']],
    ['with capitals and blanks', '  /Kata status  ', ['/Kata status']],
    ['as a mention', '@katabot logs web --tail 5', ['/kata logs web --tail 5']],
    ['as a mention in capitals', '@KataBot status', ['/kata status']],
    ['between other words', 'Looks good.\n/deploy to staging\nThanks!', ['/deploy to staging']],
    ['several', '/kata plan\n/deploy\n\n/kata status', ['/kata plan', '/deploy', '/kata status']],
    [
      'with signs that Markdown knows',
      '/kata logs api --grep "a*b_c `d` <e> [f](g) \\_h"',
      ['/kata logs api --grep "a*b_c `d` <e> [f](g) \\_h"'],
    ],
    ['with Windows line ends', 'hello\r\n/deploy\r\n', ['/deploy']],
    ['above a signature', '/deploy\n-- \nann', ['/deploy']],
    ['above what it answers', '/deploy\n\nOn Mon, 3 Nov 2026 bo wrote:\n> /kata delete web', ['/deploy']],
    ['after a comment that is closed', '<!-- note -->\n\n/deploy', ['/deploy']],
    ['after details that are closed', '<details>\n\nx\n\n</details>\n\n/deploy', ['/deploy']],
    ['after a picture', '<img src="x">\n\n/deploy', ['/deploy']],
  ])('%s', (_name, text, expected) => {
    expect(read(text)).toEqual(expected);
  });
});

describe('a line is no command', () => {
  test.each<[string, string]>([
    ['in a fence', '```\n/deploy\n```'],
    ['in a fence of tildes with a language', '~~~sh\n/deploy\n~~~'],
    ['in a fence that is never closed', '```\n/deploy'],
    ['indented as code', 'x\n\n    /deploy'],
    ['in a quote', '> /deploy'],
    ['in a quote that goes on lazily', '> hello\n/deploy'],
    ['in a note', '> [!NOTE]\n> /deploy'],
    ['in a list', '- /deploy\n1. /deploy'],
    ['in a list that goes on lazily', '- hello\n/deploy'],
    ['in a table', '| a |\n|---|\n| /deploy |\n/deploy'],
    ['in a heading', '# /deploy'],
    ['in code within a line', 'write `\n/deploy\n` to deploy'],
    ['in a link', '[see\n/deploy\nthere](https://example.com)'],
    ['in a comment', '<!--\n/deploy\n-->'],
    ['in a comment after blank lines', '<!--\n\n/deploy\n\n-->'],
    ['in details', '<details>\n<summary>how</summary>\n\n/deploy\n\n</details>'],
    ['in a quote made of HTML', '<blockquote>\n\n/deploy\n\n</blockquote>'],
    ['in a formula', '$$\n/deploy\n$$'],
    ['in a footnote', 'x[^1]\n\n[^1]: /deploy'],
    ['in the middle of a line', 'please /deploy'],
    ['below a signature', 'hello\n-- \n/deploy'],
    ['below what was answered', 'ok\n\nOn Mon, 3 Nov 2026 bo wrote:\n\n/deploy'],
    ['with a longer word', '/deployment is slow\n/kata-things\n@katabots'],
    ['to somebody else', '@kata deploy'],
    ['as a path', '/deploy_now'],
  ])('%s', (_name, text) => {
    expect(read(text)).toEqual([]);
  });
});

const PARTS = [
  '/deploy',
  '/kata status',
  '```',
  '~~~',
  '> ',
  '- ',
  '1. ',
  '    ',
  '<!--',
  '-->',
  '<details>',
  '</details>',
  '\n',
  '\n\n',
  '`',
  '**',
  '[',
  '](x)',
  '|',
  '|---|',
  '$$',
  '-- ',
  '@katabot x',
  'word',
  ' ',
  '\\',
  '#',
  '<b>',
  '&#47;deploy',
  '\u200b',
  '\t',
];

test('whatever is written, a command stands in the source as it is, and nothing throws', () => {
  const text = fc.array(fc.oneof(fc.constantFrom(...PARTS), fc.string({ maxLength: 6 })), { maxLength: 40 });
  fc.assert(
    fc.property(text, (parts) => {
      const source = parts.join('');
      const lines = source.split(/\r\n?|\n/).map((line) => line.trim());
      for (const line of read(source)) {
        expect(lines.some((each) => each === line || `/kata${each.slice('@katabot'.length)}` === line)).toBe(
          true,
        );
      }
    }),
    { numRuns: 30_000 },
  );
});

test('nothing that is put into a fence, a quote or a comment comes out of it', () => {
  const inner = fc
    .array(fc.constantFrom('/deploy', '/kata status', 'word', '', '> x', '- y', '<details>', '`'), {
      maxLength: 12,
    })
    .map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(inner, fc.constantFrom('fence', 'quote', 'comment'), (text, kind) => {
      const wrapped = {
        fence: `\`\`\`\`\n${text}\n\`\`\`\``,
        quote: text.replace(/^/gm, '> '),
        comment: `<!--\n${text}\n-->`,
      }[kind];
      expect(read(`hello\n\n${wrapped}`)).toEqual([]);
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  ['>', '>'.repeat(60_000)],
  ['- ', '- '.repeat(30_000)],
  ['[', '['.repeat(60_000)],
  ['*a', '*a '.repeat(20_000)],
  ['`', '`'.repeat(60_000)],
  ['<', '<a '.repeat(20_000)],
  ['| cells', `${'|a'.repeat(1_000)}\n${'|-'.repeat(1_000)}\n`.repeat(10)],
  ['![](', '![]('.repeat(15_000)],
  ['_a*', '_a*'.repeat(20_000)],
  ['~a~~', '~a~~'.repeat(15_000)],
  ['www.', 'www.a '.repeat(10_000)],
])('a comment full of %j is read in the end', (_name, text) => {
  expect(read(`/deploy\n\n${text}`).slice(0, 1)).toEqual(['/deploy']);
});
