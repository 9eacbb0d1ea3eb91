/** Text from outside that wants to be more than text in Slack, and a judge of what became of it. */

export const HOSTILE: readonly string[] = [
  '<!channel> look',
  '<!here|here>',
  '<!everyone>',
  '<!subteam^S024BE7LD|@owners>',
  '<@U024BE7LH>',
  '<@U024BE7LH|ann>',
  '<#C024BE7LR|ops>',
  '<https://evil.example|your login>',
  '<mailto:ann@example.com|mail>',
  '<javascript:alert(1)|x>',
  '<!date^1392734382^{date}|now>',
  '&lt;!channel&gt; &amp;lt;',
  '@channel @here @everyone @ann',
  '#general',
  'https://evil.example/path?x=1',
  'http://evil.example and ftp://evil.example',
  'www.evil.example',
  'slack://channel?team=T1&id=C1',
  'HTTPS://EVIL.EXAMPLE',
  '*bold* _it_ ~gone~ `code`',
  '```\nfence\n```',
  '> quote\n>>> all',
  ':rocket: :+1: :white_check_mark:',
  '• item\n1. one',
  '\u202Egnp.exe\u202C',
  'zero\u200Bwidth\uFEFF',
  // No scheme is as long as this, and what looks for one that is no longer than schemes are misses it.
  'zero\u200Bwidth\uFEFFzero\u200Bwidth\uFEFFHTTPS://EVIL.EXAMPLE',
  '\u001b[31mred\u001b[0m \u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007',
  'bell\u0007 nul\u0000 back\u0008',
  'tab\tand\r\nline',
  '\\"quotes\\" and \\\\',
  '"'.repeat(400),
  '\ud800 half a pair \udc00',
  '🚀'.repeat(600),
  'a'.repeat(5_000),
  '',
  ' ',
  '\n\n',
  'jndi:ldap://evil.example/a',
  "'; drop table wishes; --",
  '__proto__',
  '–',
];

/** What a message would do besides showing text; [] when it only shows. `own` are addresses and people of the bot's own. */
export function deedsOf(
  { text = '', blocks }: { readonly text?: string; readonly blocks: readonly unknown[] },
  allowed: { readonly links?: readonly string[]; readonly people?: readonly string[] } = {},
): string[] {
  const deeds = markupDeeds(text, allowed);
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const node: { type?: unknown; text?: unknown; url?: unknown; user_id?: unknown; emoji?: unknown } = value;
    if (node.type === 'mrkdwn' && typeof node.text === 'string')
      deeds.push(...markupDeeds(node.text, allowed));
    if (node.type === 'plain_text' && node.emoji !== false) deeds.push('emoji of plain text');
    if (['broadcast', 'usergroup', 'channel', 'emoji'].includes(String(node.type)))
      deeds.push(String(node.type));
    if (node.type === 'user' && !allowed.people?.includes(String(node.user_id)))
      deeds.push(`mentions ${node.user_id}`);
    if (typeof node.url === 'string' && !allowed.links?.includes(node.url)) deeds.push(`links ${node.url}`);
    if (['plain_text', 'raw_text'].includes(String(node.type)) && typeof node.text === 'string')
      deeds.push(...addressesIn(node.text));
    for (const each of Object.values(value)) visit(each);
  };
  visit(blocks);
  for (const string of stringsIn({ text, blocks }))
    if (UNSEEN.test(string)) deeds.push(`control character in ${JSON.stringify(string.slice(0, 60))}`);
  return deeds;
}

/** Words that Slack would read in its own markup. */
function markupDeeds(
  text: string,
  { links = [], people = [] }: { readonly links?: readonly string[]; readonly people?: readonly string[] },
): string[] {
  const marks = [...text.matchAll(/<([^>]*)>?/g)].map(([, inside = '']) => inside);
  const wrong = marks.filter((inside) => {
    const [target = ''] = inside.split('|');
    if (target.startsWith('!date^')) return false;
    return !links.includes(target) && !people.includes(target.replace(/^@/, ''));
  });
  return [
    ...wrong.map((inside) => `markup <${inside}>`),
    ...addressesIn(text.replace(/<[^>]*>/g, '')),
    ...(/:[\w+-]+:/.test(text.replace(/<[^>]*>|\d\d:\d\d/g, '')) ? ['emoji'] : []),
  ];
}

function addressesIn(text: string): string[] {
  return [/\b[a-z][a-z\d+.-]*:\/\/\S/i, /\bwww\.\w/i, /@\w/, /\bmailto:\w/i]
    .filter((each) => each.test(text))
    .map((each) => `text like ${each.source}: ${text.slice(0, 80)}`);
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(stringsIn);
}

// Everything that hides or turns text, but for the word joiner, which the bot itself puts in.
const UNSEEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2061-\u2069\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
