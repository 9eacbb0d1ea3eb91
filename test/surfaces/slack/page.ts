/** Slack's blocks as a page that looks as Slack shows them. */
import type { AnyBlock, Button, KnownBlock, ModalView, RichTextBlock, RichTextElement } from '@slack/types';

const NAMES: Readonly<Record<string, string>> = { U024ANN: 'ann', U024BO: 'bo', U024CY: 'cy' };

export const PAGE_STYLE = `
:root { color-scheme: light; --page: #fff; --ink: #1d1c1d; --soft: #616061; --line: #e2e2e3; --box: #f8f8f8; --edge: #bcbcbd; --link: #1264a3; --code: #c01343; --codebox: #f6f6f6; --mention: #e8f5fa; --green: #007a5a; --red: #e01e5a; --quote: #dddddd; --modal: #fff; }
@media (prefers-color-scheme: dark) { :root { color-scheme: dark; --page: #1a1d21; --ink: #d1d2d3; --soft: #ababad; --line: #35383c; --box: #222529; --edge: #565856; --link: #1d9bd1; --code: #e8912d; --codebox: #232529; --mention: #1b3a4b; --green: #2bac76; --red: #e96379; --quote: #4a4d51; --modal: #1a1d21; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.46668 Lato, Inter, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif, "Noto Color Emoji"; }
main { padding: 20px 24px 24px; }
h2 { margin: 22px 0 4px 44px; font-size: 12px; font-weight: 700; letter-spacing: .04em; text-transform: uppercase; color: var(--soft); }
h2:first-child { margin-top: 0; }
article { display: flex; gap: 8px; padding: 8px 0 10px; }
.face { width: 36px; height: 36px; flex: none; border-radius: 8px; background: #4a154b; color: #fff; display: grid; place-items: center; font-weight: 900; }
.body { min-width: 0; flex: 1; max-width: 640px; }
.who b { font-weight: 900; } .who i { font: 700 10px/1 sans-serif; background: var(--line); color: var(--soft); border-radius: 2px; padding: 2px 3px; vertical-align: 2px; } .who span { font-size: 12px; color: var(--soft); }
h3 { font-size: 18px; line-height: 1.33334; font-weight: 900; margin: 8px 0; }
.rich { margin: 4px 0 8px; white-space: pre-wrap; overflow-wrap: break-word; }
.rich > div + div, .rich > ul + div, .rich > div + ul { margin-top: 4px; }
.rich blockquote { margin: 4px 0; padding-left: 12px; border-left: 4px solid var(--quote); }
.rich ul { margin: 4px 0; padding-left: 26px; white-space: normal; } .rich li { margin: 2px 0; white-space: pre-wrap; }
pre { margin: 4px 0; padding: 8px; border: 1px solid var(--line); border-radius: 4px; background: var(--box); font: 12px/1.50001 Monaco, Menlo, "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: break-word; }
code { font: 12px/1.5 Monaco, Menlo, "DejaVu Sans Mono", monospace; color: var(--code); background: var(--codebox); border: 1px solid var(--line); border-radius: 3px; padding: 2px 3px 1px; }
a { color: var(--link); text-decoration: none; }
.mention { color: var(--link); background: var(--mention); border-radius: 3px; padding: 0 2px 1px; }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; margin: 8px 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.section { display: flex; gap: 12px; margin: 8px 0; white-space: pre-wrap; }
.context { display: flex; flex-wrap: wrap; gap: 4px 10px; margin: 8px 0; font-size: 13px; line-height: 1.38463; color: var(--soft); }
.actions { display: flex; flex-wrap: wrap; gap: 8px; margin: 8px 0; }
button { height: 28px; padding: 0 11px 1px; border: 1px solid var(--edge); border-radius: 4px; background: var(--page); color: var(--ink); font: 700 13px/1 inherit; font-family: inherit; }
button.primary { background: var(--green); border-color: var(--green); color: #fff; } button.danger { border-color: var(--red); background: var(--red); color: #fff; }
hr { border: 0; border-top: 1px solid var(--line); margin: 16px 0; }
table { border-collapse: separate; border-spacing: 0; border: 1px solid var(--line); border-radius: 8px; margin: 8px 0; font-size: 14px; } td { padding: 6px 12px; border-right: 1px solid var(--line); border-bottom: 1px solid var(--line); } td:last-child { border-right: 0; } tr:last-child td { border-bottom: 0; } tr:first-child td { font-weight: 700; background: var(--box); }
.plan { border: 1px solid var(--line); border-radius: 10px; margin: 8px 0; overflow: hidden; } .plan > b { display: block; padding: 8px 12px; background: var(--box); border-bottom: 1px solid var(--line); font-weight: 700; }
.plan p { margin: 0; padding: 5px 12px; display: flex; gap: 10px; align-items: center; } .plan p:first-of-type { padding-top: 9px; } .plan p:last-child { padding-bottom: 10px; }
.plan s { text-decoration: none; width: 16px; height: 16px; flex: none; border-radius: 50%; border: 1.5px solid var(--edge); font: 700 10px/13px sans-serif; text-align: center; color: transparent; }
.plan .complete s { background: var(--green); border-color: var(--green); color: #fff; } .plan .error s { background: var(--red); border-color: var(--red); color: #fff; } .plan .in_progress s { border-color: var(--link) var(--line) var(--line); border-width: 2.5px; } .plan .pending { color: var(--soft); }
.file { border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; margin: 8px 0; max-width: 320px; } .file i { font-style: normal; font-size: 13px; color: var(--soft); }
.chart { width: 360px; display: block; border-radius: 8px; margin: 6px 0; }
.modal { border: 1px solid var(--line); border-radius: 10px; background: var(--modal); box-shadow: 0 12px 40px #0003; overflow: hidden; } .modal > header { display: flex; justify-content: space-between; padding: 16px 24px; font-size: 20px; font-weight: 900; border-bottom: 1px solid var(--line); } .modal > header span { color: var(--soft); font-weight: 400; } .modal > section { padding: 8px 24px 16px; } .modal > footer { display: flex; justify-content: flex-end; gap: 10px; padding: 14px 24px; border-top: 1px solid var(--line); } .modal > footer button { height: 36px; font-size: 15px; padding: 0 16px; }
label { display: block; margin: 14px 0 0; font-weight: 700; } label small { font-weight: 400; color: var(--soft); font-size: inherit; } .control { margin-top: 6px; height: 36px; border: 1px solid var(--edge); border-radius: 4px; padding: 0 12px; display: flex; align-items: center; justify-content: space-between; font-weight: 400; } .control.empty { color: var(--soft); } .hint { font-weight: 400; font-size: 13px; color: var(--soft); margin-top: 4px; }
.home { max-width: 780px; }
`;

/** A measuring line for the photographer. */
const MEASURE =
  '<script>addEventListener("load",()=>{document.body.dataset.height=Math.ceil(document.querySelector("main").getBoundingClientRect().height)})</script>';

export function htmlOf(blocks: readonly AnyBlock[]): string {
  return (
    blocks
      .filter((block): block is KnownBlock => block.type !== '')
      .map(blockHtml)
      .join('') + (blocks.length ? MEASURE : '')
  );
}

export function modalHtml({ title, submit, close, blocks }: ModalView): string {
  return `<div class="modal"><header>${safe(title.text)}<span>✕</span></header><section>${htmlOf(blocks)}</section><footer><button>${safe(close?.text ?? '')}</button><button class="primary">${safe(submit?.text ?? '')}</button></footer></div>`;
}

function blockHtml(block: KnownBlock): string {
  switch (block.type) {
    case 'header':
      return `<h3>${safe(block.text.text)}</h3>`;
    case 'rich_text':
      return `<div class="rich">${richHtml(block)}</div>`;
    case 'section':
      return block.fields
        ? `<div class="fields">${block.fields.map((field) => `<div>${field.type === 'mrkdwn' ? markup(field.text) : safe(field.text)}</div>`).join('')}</div>`
        : `<div class="section">${safe(block.text?.text ?? '')}</div>`;
    case 'context':
      return `<div class="context">${block.elements.map((each) => `<span>${'text' in each ? (each.type === 'mrkdwn' ? markup(each.text) : safe(each.text)) : ''}</span>`).join('')}</div>`;
    case 'actions':
      return `<div class="actions">${block.elements.map((each) => (each.type === 'button' ? buttonHtml(each) : '')).join('')}</div>`;
    case 'divider':
      return '<hr>';
    case 'table':
      return `<table>${block.rows.map((row) => `<tr>${row.map((cell) => `<td>${'text' in cell ? safe(cell.text) : ''}</td>`).join('')}</tr>`).join('')}</table>`;
    case 'plan':
      return `<div class="plan"><b>${safe(block.title)}</b>${(block.tasks ?? []).map(({ status, title }) => `<p class="${status}"><s>${status === 'error' ? '✕' : '✓'}</s>${safe(String(title))}</p>`).join('')}</div>`;
    case 'input': {
      const { element, label, hint, optional } = block;
      const chosen = 'initial_option' in element ? element.initial_option?.text.text : undefined;
      const arrow = element.type === 'plain_text_input' ? '' : '<span>⌄</span>';
      return `<label>${safe(label.text)}${optional ? ' <small>(optional)</small>' : ''}<div class="control ${chosen ? '' : 'empty'}"><span>${safe(chosen ?? (arrow ? 'Select an option' : ''))}</span>${arrow}</div>${hint ? `<div class="hint">${safe(hint.text)}</div>` : ''}</label>`;
    }
    default:
      return '';
  }
}

function buttonHtml({ text, style }: Button): string {
  return `<button class="${style ?? ''}">${safe(text.text)}</button>`;
}

function richHtml({ elements }: RichTextBlock): string {
  return elements
    .map((part) => {
      switch (part.type) {
        case 'rich_text_list':
          return `<ul>${part.elements.map((each) => `<li>${each.elements.map(elementHtml).join('')}</li>`).join('')}</ul>`;
        case 'rich_text_preformatted':
          return `<pre>${part.elements.map((each) => safe(each.text ?? '')).join('')}</pre>`;
        case 'rich_text_quote':
          return `<blockquote>${part.elements.map(elementHtml).join('')}</blockquote>`;
        default:
          return `<div>${part.elements.map(elementHtml).join('')}</div>`;
      }
    })
    .join('');
}

function elementHtml(element: RichTextElement): string {
  switch (element.type) {
    case 'text': {
      const { bold, code, italic } = element.style ?? {};
      if (code) return `<code>${safe(element.text)}</code>`;
      return bold
        ? `<b>${safe(element.text)}</b>`
        : italic
          ? `<i>${safe(element.text)}</i>`
          : safe(element.text);
    }
    case 'link':
      return `<a href="${safe(element.url)}">${safe(element.text ?? element.url)}</a>`;
    case 'user':
      return `<span class="mention">@${NAMES[element.user_id] ?? element.user_id}</span>`;
    case 'date':
      return safe(clock(element.fallback ?? ''));
    default:
      return '';
  }
}

/** Slack's own markup, as far as the bot writes it. */
function markup(text: string): string {
  return text
    .replace(/<!date\^\d+\^[^|]*\|([^>]*)>/g, (_whole, fallback: string) => clock(fallback))
    .replace(/<@(\w+)>/g, (_whole, id: string) => `<span class="mention">@${NAMES[id] ?? id}</span>`)
    .replace(/<(https?:[^|>]*)\|([^>]*)>/g, '<a href="$1">$2</a>')
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*([^*\n]+)\*/g, '<b>$1</b>');
}

/** `14:02 UTC` as a reader in London has it. */
function clock(fallback: string): string {
  return fallback.replace(
    /(\d\d):(\d\d) UTC/,
    (_whole, hours: string, minutes: string) =>
      `${Number(hours) % 12 || 12}:${minutes} ${Number(hours) < 12 ? 'AM' : 'PM'}`,
  );
}

function safe(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
