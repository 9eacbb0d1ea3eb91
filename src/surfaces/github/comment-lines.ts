import type { Heading, Paragraph, RootContent } from 'mdast';
import { fromMarkdown, type Options } from 'mdast-util-from-markdown';
import { gfmFromMarkdown } from 'mdast-util-gfm';
import { gfm } from 'micromark-extension-gfm';

/** Nobody writes this much and then a command; what is hostile takes a parser longer the longer it is. */
const MOST_CHARACTERS = 16_384;
/**
 * As GitHub reads it, but without emphasis and links to bare addresses: they decide nothing here, and signs of emphasis in
 * great number take time that grows with their square.
 */
const MARKDOWN: Options = {
  extensions: [
    gfm(),
    { disable: { null: ['attention', 'strikethrough', 'wwwAutolink', 'protocolAutolink', 'emailAutolink'] } },
  ],
  mdastExtensions: [gfmFromMarkdown()],
};
/** A line that begins with more marks of quotes and lists than this says nothing that a person would mean. */
const DEEPEST = 40;

/**
 * The lines of a comment that are addressed to the bot, in order, as their author typed them. Markdown decides: only lines of
 * plain paragraphs count. What stands in fences, code, quotes, lists, tables, HTML, formulas, or below the signature or the
 * quoted original of an e-mail is shown to people and never obeyed. `mention` is the bot's own name: `@katabot status` is
 * `/kata status`. Pure, and never throws.
 */
export function commandLines(markdown: string, mention: string): string[] {
  const text = flattened(markdown.slice(0, MOST_CHARACTERS));
  if (!text.split('\n').some((line) => isAddressed(line, mention))) return [];
  const lines: string[] = [];
  let open: readonly string[] = [];
  let formula = false;
  for (const block of fromMarkdown(text, MARKDOWN).children) {
    if (block.type === 'html') open = openedBy(block.value, open);
    else if (isPlain(block, text)) {
      for (const { line, inside } of linesOf(block, text)) {
        if (endsTheLetter(line)) return lines;
        if (line.trim() === '$$') formula = !formula;
        else if (!open.length && !inside && !formula && isAddressed(line, mention))
          lines.push(repaired(line, mention));
      }
    }
  }
  return lines;
}

/** Marks without number would take the parser a long time, and mean nothing. */
function flattened(markdown: string): string {
  return markdown
    .replace(/\r\n?/g, '\n')
    .split('\n')
    .map((line) => (marksOf(line) > DEEPEST ? '>' : line))
    .join('\n');
}

function marksOf(line: string): number {
  return (
    /^(?:[ \t]*(?:>|[-+*](?=[ \t])|\d{1,9}[.)](?=[ \t])))*/.exec(line)?.[0].replace(/\s/g, '').length ?? 0
  );
}

/** The bot hears `/kata`, `/deploy` and its own name, at the beginning of a line. */
function isAddressed(line: string, mention: string): boolean {
  const start = line.trimStart().toLowerCase();
  return [`/kata`, `/deploy`, `@${mention.toLowerCase()}`].some(
    (prefix) => start.startsWith(prefix) && !/[\w-]/.test(start[prefix.length] ?? ' '),
  );
}

function repaired(line: string, mention: string): string {
  const trimmed = line.trim();
  return trimmed.startsWith('@') ? `/kata${trimmed.slice(mention.length + 1)}` : trimmed;
}

/** A paragraph; or one that a line of hyphens below it, such as a signature, has made a heading. */
function isPlain(block: RootContent, text: string): block is Paragraph | Heading {
  if (block.type === 'paragraph') return true;
  return block.type === 'heading' && text[block.position?.start.offset ?? 0] !== '#';
}

/** The lines of a block's source; `inside` for one that begins within code, a link or anything else that is no plain text. */
function linesOf(block: Paragraph | Heading, text: string): { line: string; inside: boolean }[] {
  const startsAt = block.position?.start.offset ?? 0;
  const source = text.slice(startsAt, block.position?.end.offset);
  let at = startsAt;
  return source.split('\n').map((line) => {
    const lineAt = at;
    at += line.length + 1;
    const inside = block.children.some(
      ({ type, position }) =>
        type !== 'text' &&
        type !== 'break' &&
        (position?.start.offset ?? 0) < lineAt &&
        (position?.end.offset ?? 0) > lineAt,
    );
    return { line, inside };
  });
}

/** What mail programs put between an answer and what it answers. */
function endsTheLetter(line: string): boolean {
  return /^--\s*$|^On\s.+\swrote:\s*$|^-{2,}\s*Original Message\s*-{2,}$/i.test(line);
}

const VOID = new Set([
  'area',
  'base',
  'br',
  'col',
  'embed',
  'hr',
  'img',
  'input',
  'link',
  'meta',
  'source',
  'wbr',
]);

/** The elements that are open after a piece of HTML. */
function openedBy(html: string, before: readonly string[]): string[] {
  const open = [...before];
  for (const [, closing, name = '', rest = ''] of html
    .replace(/<!--.*?-->/gs, '')
    .matchAll(/<(\/?)([a-z][a-z0-9-]*)([^>]*)>/gi)) {
    const tag = name.toLowerCase();
    if (closing) {
      const at = open.lastIndexOf(tag);
      if (at >= 0) open.splice(at);
    } else if (!VOID.has(tag) && !rest.endsWith('/')) open.push(tag);
  }
  return open;
}
