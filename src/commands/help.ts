import type { Right } from '../policy/index.ts';
import { verbNamed } from './parse.ts';
import { VERBS } from './table.ts';
import { hintOf, usageOf } from './usage.ts';
import type { Option, Surface, Verb } from './verb.ts';

const TOPICS: readonly { title: string; holds(verb: Verb): boolean }[] = [
  { title: 'Look', holds: ({ right, mutating, takesSecret }) => right !== null && !mutating && !takesSecret },
  { title: 'Keep', holds: ({ takesSecret }) => takesSecret === true },
  { title: 'Change', holds: ({ mutating }) => mutating },
  { title: 'On this machine', holds: ({ right }) => right === null },
];

/** What `katabot help` prints; where a command is a line of text, the verbs that may be said there. */
export function helpText(surface?: Surface): string {
  const here = VERBS.filter(
    ({ surfaces, right }) => surface === undefined || (surfaces.includes(surface) && right !== null),
  );
  const width = Math.max(...VERBS.map(({ name }) => name.length));
  const topics = TOPICS.filter(({ holds }) => here.some(holds)).flatMap(({ title, holds }) => [
    `${title}:`,
    ...here.filter(holds).map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
  ]);
  return [
    'katabot: container groups that your team owns, from a git push',
    '',
    ...topics,
    `${surface === undefined ? 'katabot' : '/kata'} help VERB shows its options and examples.`,
  ].join('\n');
}

/** What `katabot help VERB` prints. Throws a Failure for a verb that does not exist. */
export function helpFor(word: string): string {
  const verb = verbNamed(word);
  const described = [
    ...verb.arguments.map(({ name, says }) => [name.toUpperCase(), says] as const),
    ...verb.options.map((option) => [optionText(option), option.says] as const),
  ];
  const width = Math.max(0, ...described.map(([term]) => term.length));
  return [
    `${verb.summary}.`,
    '',
    `  ${usageOf(verb)}`,
    ...(verb.aliases.length ? ['', `Also: ${verb.aliases.join(', ')}`] : []),
    ...(described.length ? ['', ...described.map(([term, says]) => `  ${term.padEnd(width)}  ${says}`)] : []),
    ...(verb.right === null ? [] : ['', rightText(verb.right, verb)]),
    '',
    'Examples:',
    ...verb.examples.map((example) => `  ${example}`),
  ].join('\n');
}

function optionText(option: Option): string {
  return `--${option.name}${option.letter ? `, -${option.letter}` : ''}${hintOf(option)}`;
}

const PLACES: Readonly<Record<Surface, string>> = {
  local: 'here',
  cli: 'on the command line',
  api: 'through the API',
  git: 'as a push option',
  github: 'in a pull request',
};

function rightText(right: Right, { confirms, surfaces }: Verb): string {
  const asks = confirms ? ' Asks first in a protected environment.' : '';
  return `Takes the right ${right}.${asks} May be said ${surfaces.map((each) => PLACES[each]).join(', ')}.`;
}

/** docs/commands.md */
export function commandsPage(): string {
  const sections = VERBS.map((verb) => `## ${verb.name}\n\n\`\`\`text\n${helpFor(verb.name)}\n\`\`\`\n`);
  return `# Commands\n\nThis page is made from the verb table: \`npm run docs\` writes it anew.\n\n\`\`\`text\n${helpText()}\n\`\`\`\n\n${sections.join('\n')}`;
}
