import { usageOf, verbNamed } from './parse.ts';
import { VERBS } from './table.ts';

/** What `katabot help` prints. */
export function helpText(): string {
  const width = Math.max(...VERBS.map(({ name }) => name.length));
  return [
    'katabot: container groups that your team owns, from a git push',
    '',
    ...VERBS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'katabot help VERB shows its options and examples.',
  ].join('\n');
}

/** What `katabot help VERB` prints. Throws a Failure for a verb that does not exist. */
export function helpFor(word: string): string {
  const verb = verbNamed(word);
  const described = [
    ...verb.arguments.map(({ name, says }) => [name.toUpperCase(), says] as const),
    ...verb.options.map(
      ({ name, letter, says, values }) =>
        [
          `--${name}${letter ? `, -${letter}` : ''}`,
          values ? `${says} (${values.join(', ')})` : says,
        ] as const,
    ),
  ];
  const width = Math.max(0, ...described.map(([term]) => term.length));
  return [
    `${verb.summary}.`,
    '',
    `  ${usageOf(verb)}`,
    ...(verb.aliases.length ? ['', `Also: ${verb.aliases.join(', ')}`] : []),
    ...(described.length ? ['', ...described.map(([term, says]) => `  ${term.padEnd(width)}  ${says}`)] : []),
    '',
    'Examples:',
    ...verb.examples.map((example) => `  ${example}`),
  ].join('\n');
}

/** docs/commands.md */
export function commandsPage(): string {
  const sections = VERBS.map((verb) => `## ${verb.name}\n\n\`\`\`text\n${helpFor(verb.name)}\n\`\`\`\n`);
  return `# Commands\n\nThis page is made from the verb table: \`npm run docs\` writes it anew.\n\n\`\`\`text\n${helpText()}\n\`\`\`\n\n${sections.join('\n')}`;
}
