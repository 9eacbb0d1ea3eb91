/** A message as an outline of text: what stands where, block by block. */
import type { KnownBlock, RichTextBlock, RichTextElement } from '@slack/types';
import type { SlackMessage } from '../../../src/surfaces/slack/message/index.ts';

export function outline({ text, blocks }: SlackMessage): string {
  return [`text    ${text}`, ...blocks.flatMap(linesOf)].join('\n');
}

export function linesOf(block: KnownBlock): string[] {
  switch (block.type) {
    case 'header':
      return [`header  ${block.text.text}`];
    case 'rich_text':
      return richLines(block);
    case 'section':
      return [
        ...(block.text ? [`section ${block.text.text}`] : []),
        ...(block.fields ?? []).map(
          (field) =>
            `field   ${field.type === 'plain_text' ? '' : '(markup) '}${field.text.replaceAll('\n', ' ⏎ ')}`,
        ),
      ];
    case 'context':
      return block.elements.map((each) => `context ${'text' in each ? each.text : each.alt_text}`);
    case 'actions':
      return block.elements.map((each) =>
        each.type === 'button'
          ? `button  [${each.text.text}]${each.style ? ` ${each.style}` : ''}${each.confirm ? ' asks first' : ''} ${each.url ?? each.value} “${each.accessibility_label}”`
          : `${each.type}`,
      );
    case 'plan':
      return [
        `plan    ${block.title}`,
        ...(block.tasks ?? []).map((task) => `  ${String(task.status).padEnd(12)}${task.title}`),
      ];
    case 'table':
      return block.rows.map(
        (row) => `row     ${row.map((cell) => ('text' in cell ? cell.text : '')).join(' | ')}`,
      );
    case 'input':
      return [`input   ${block.label.text}: ${block.element.type}${block.optional ? ', optional' : ''}`];
    default:
      return [block.type];
  }
}

function richLines({ elements }: RichTextBlock): string[] {
  return elements.flatMap((part) => {
    const lead = {
      rich_text_section: 'text    ',
      rich_text_quote: 'quote   ',
      rich_text_preformatted: 'box     ',
      rich_text_list: 'list    ',
    }[part.type];
    const rows =
      part.type === 'rich_text_list' ? part.elements.map((each) => each.elements) : [part.elements];
    return rows.flatMap((row) =>
      row
        .map(shown)
        .join('')
        .split('\n')
        .map((line) => `${lead}${line}`.trimEnd()),
    );
  });
}

function shown(element: RichTextElement): string {
  switch (element.type) {
    case 'text':
      return element.style?.code
        ? `\`${element.text}\``
        : element.style?.bold
          ? `*${element.text}*`
          : element.text;
    case 'link':
      return `[${element.text ?? element.url}](${element.url})`;
    case 'user':
      return `<@${element.user_id}>`;
    case 'date':
      return `<${element.fallback}>`;
    default:
      return `<${element.type}>`;
  }
}
