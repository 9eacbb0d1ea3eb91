/** Text from outside that wants to be more than text, and a judge of what became of it. */
import type { Nodes } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';
import { plainText } from '../../../src/replies/index.ts';

export const HOSTILE: readonly string[] = [
  '@acme/owners look',
  '&#64;acme/owners &#x40;ann &commat;bo',
  'hello @ann, @bo-b',
  '```\n/deploy\n```',
  '``` @ann',
  '````````` long',
  '` tick',
  '`` ` ``',
  '</details></summary>',
  '<img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  '<!-- katabot:v1 pr=1 rev=9 sig=00 -->',
  '--> after <!--',
  '[click](javascript:alert(1))',
  '![pixel](https://evil.example/x.png)',
  '[a]: https://evil.example',
  '[^1]: note',
  'see https://evil.example/path and http://evil.example',
  'www.evil.example',
  'mail ann@example.com',
  '#123 and acme/shop#4 and GH-5',
  '9f31c02a and 9f31c02a9f31c02a9f31c02a9f31c02a9f31c02a',
  'a | b | c',
  '|---|---|',
  'title\n===',
  'title\n---',
  '- [x] done',
  '- [ ] deploy to production',
  '# heading',
  '> quote',
  '1. one',
  '$$ \\LaTeX $$ and $x$',
  '~~gone~~ **bold** _it_ __x__',
  '\u202Egnp.exe\u202C',
  'pr\u043Ed',
  'zero\u200Bwidth\uFEFF',
  '\u001b[31mred\u001b[0m \u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007',
  'bell\u0007 nul\u0000 back\u0008',
  'tab\tand\r\nline',
  '\\',
  '\\`',
  'a'.repeat(5_000),
  '/deploy to production',
  '&lt;b&gt; &amp;amp; &nbsp;',
  '<a href="https://evil.example">x</a>',
  '<details open><summary>',
  ':rocket: :+1: :white_check_mark: :_:',
  '```mermaid\ngraph TD\n```',
  'ftp://evil.example/x',
  '2026-11-24T18:00:00Z',
];

/** What the bot writes itself, to the letter. */
const OWN_HTML = [
  '<details><summary>show</summary>',
  '<details>\n<summary>✔ plan: ready to deploy</summary>',
  '</details>',
  '<br>',
  '<sub>',
  '</sub>',
];

/** What a page made of the Markdown would do besides showing text; [] when it only shows. */
export function deedsOf(markdown: string, allowed: { readonly links?: readonly string[] } = {}): string[] {
  const deeds: string[] = [];
  const visit = (node: Nodes) => {
    switch (node.type) {
      case 'link':
        if (!allowed.links?.includes(node.url)) deeds.push(`link ${node.url}`);
        break;
      case 'image':
      case 'imageReference':
      case 'linkReference':
      case 'definition':
      case 'footnoteDefinition':
      case 'footnoteReference':
        deeds.push(node.type);
        break;
      case 'html':
        if (!OWN_HTML.includes(node.value)) deeds.push(`html ${node.value.slice(0, 60)}`);
        break;
      case 'listItem':
        if (typeof node.checked === 'boolean') deeds.push('box to tick');
        break;
      case 'text':
        deeds.push(...mentionsIn(node.value));
        break;
    }
    if ('children' in node) for (const child of node.children) visit(child);
  };
  visit(fromMarkdown(markdown, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] }));
  const shown = markdown.replaceAll('\u2060', '');
  if (shown.split('\n').some((line) => plainText(line, line.length) !== line))
    deeds.push('control character');
  return deeds;
}

/** GitHub looks for these in the text of the finished page. */
function mentionsIn(text: string): string[] {
  const patterns = [
    /@[a-z0-9]/i,
    /#\d/,
    /\bGH-\d/i,
    /\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}\b/,
    /:[\w+-]+:/,
    /https?:\/\//i,
    /www\./i,
  ];
  return patterns
    .filter((pattern) => pattern.test(text))
    .map((pattern) => `text like ${pattern.source}: ${text.slice(0, 80)}`);
}
