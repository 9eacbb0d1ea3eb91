/** A text with «…» around the place where a problem should point: gives the text without the marks, and the place. */
export function marked(text: string): { text: string; line: number; column: number } {
  const at = text.indexOf('«');
  const before = text.slice(0, Math.max(0, at)).split('\n');
  return {
    text: text.replace('«', '').replace('»', ''),
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
  };
}

const indented = (text: string, by: number) =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => `${' '.repeat(by)}${line}\n`)
    .join('');

/** One container, with more of its properties below. */
export function container(
  more = '',
  name = 'web',
  resources = 'resources: {requests: {cpu: 1, memoryInGB: 1}}',
): string {
  const own = /^image:/m.test(more) ? '' : 'image: acme/web:1\n';
  return `- name: ${name}\n  properties:\n${indented(`${own}${resources}\n${more}`, 4)}`;
}

/** A whole group: its containers, more of its properties, more at the root. */
export function group({ containers = container(), more = '', root = '', os = 'Linux' } = {}): string {
  const osType = os ? `osType: ${os}\n` : '';
  return `name: shop\n${root ? `${root}\n` : ''}properties:\n${indented(`${osType}${more}`, 2)}  containers:\n${indented(containers, 2)}`;
}
