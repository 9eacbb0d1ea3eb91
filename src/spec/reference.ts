import type { Field, Fields } from './field.ts';
import { groupSchema } from './schema/group.ts';

/** docs/spec.md: every property, from the same table that checks it. */
export function referencePage(): string {
  const sections: string[] = [];
  section('The file', groupSchema, sections, '');
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

const INTRODUCTION = `# containergroup.yaml

This page is made from the table that checks your files: \`npm run docs\` writes it anew.

A file named \`containergroup.yaml\` (or \`.yml\`) holds one container group in Azure Container Instances' own YAML format.
It is read the way ACI reads it: names of properties and of choices in any case, numbers also as text, what an export
writes and nobody reads is dropped. Text stays text: \`value: 1.10\` is \`1.10\`, and \`yes\` is \`yes\`. A property that is
unknown or stands in the wrong place is a warning that says where it belongs. Every problem is told at once.

Check a file without a bot:

\`\`\`sh
katabot validate containergroup.yaml
\`\`\`

In Visual Studio Code, with the YAML extension, write the schema once and name it in the first line of the file:

\`\`\`sh
katabot schema > .katabot.schema.json
\`\`\`

\`\`\`yaml
# yaml-language-server: $schema=.katabot.schema.json
\`\`\`

Below, **bold** properties must be there. The last column says what a change does to a group that runs: *in place* changes
nothing that runs, *restart* restarts the container it belongs to, *replace* makes the whole group anew.
`;

function section(title: string, field: Field, sections: string[], path: string, inherited = 'replace'): void {
  if (field.kind !== 'object') return;
  const effect = field.about.effect ?? inherited;
  const own = rows(field.fields, effect);
  const inner = field.inner ? rows(field.inner, effect) : [];
  const lines = [
    `## ${title}\n`,
    ...(path ? [`${field.about.says}\n`] : []),
    ...(own.length ? [table(own)] : []),
    ...(inner.length ? [`\nUnder \`${path ? `${path}.` : ''}properties\`:\n`, table(inner)] : []),
  ];
  sections.push(`${lines.join('\n')}\n`);
  for (const [name, each] of Object.entries({ ...field.fields, ...field.inner })) {
    const within =
      field.inner && name in field.inner ? `${path ? `${path}.` : ''}properties.` : path ? `${path}.` : '';
    const target = each.kind === 'list' ? each.item : each;
    const place = `${within}${name}${each.kind === 'list' ? '[]' : ''}`;
    if (target.kind === 'object' && Object.keys(target.fields).length)
      section(`\`${place}\``, target, sections, place, each.about.effect ?? effect);
  }
}

type Row = readonly [string, string, string, string, string];

function rows(fields: Fields, inherited: string): Row[] {
  return Object.entries(fields)
    .filter(([, field]) => field.kind !== 'ignored')
    .map(([name, field]) => {
      const { about, presence } = field;
      const shown = presence === 'required' ? `**${name}**` : name;
      const fallback =
        presence === 'default' && field.fallback !== undefined && typeof field.fallback !== 'object'
          ? `\`${String(field.fallback)}\``
          : '';
      const extra = [
        about.example ? `For example \`${about.example}\`.` : '',
        about.aliases?.length ? `Also: ${about.aliases.map((alias) => `\`${alias}\``).join(', ')}.` : '',
        about.since ? `Since ${about.since}.` : '',
      ];
      return [
        shown,
        typeOf(field),
        fallback,
        [about.says, ...extra].filter(Boolean).join(' '),
        (about.effect ?? inherited).replace('-', ' '),
      ];
    });
}

function typeOf(field: Field): string {
  switch (field.kind) {
    case 'text':
      return field.secret ? 'secret text' : 'text';
    case 'number':
      return field.whole ? 'whole number' : 'number';
    case 'flag':
      return 'true or false';
    case 'choice':
      return field.values.map((value) => `\`${value}\``).join(' ');
    case 'list':
      return `list of ${typeOf(field.item)}`;
    case 'map':
      return `map of ${typeOf(field.value)}`;
    case 'names':
      return 'map of ids';
    case 'object':
      return 'object';
    case 'ignored':
      return 'ignored';
  }
}

function table(rows: readonly Row[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    line(['property', 'type', 'default', 'what it is', 'a change']),
    '| --- | --- | --- | --- | --- |',
    ...rows.map(line),
  ].join('\n');
}
