import { verbNamed } from './parse.ts';
import { VERBS } from './table.ts';
import { hintOf, usageOf } from './usage.ts';
import type { Option, Surface, Verb } from './verb.ts';

const TOPICS: readonly { title: string; holds(verb: Verb): boolean }[] = [
  {
    title: 'Look',
    holds: (verb) => verb.right !== null && !verb.mutating && !verb.takesSecret && !isOfSlack(verb),
  },
  { title: 'Keep', holds: ({ takesSecret }) => takesSecret === true },
  { title: 'Change', holds: ({ mutating }) => mutating },
  { title: 'In Slack', holds: isOfSlack },
  { title: 'On this machine', holds: ({ right }) => right === null },
];

function isOfSlack({ surfaces }: Verb): boolean {
  return surfaces.every((each) => each === 'slack');
}

/** The verbs by what they are for; where a command is a line of text, those that may be said there. */
export function helpTopics(surface?: Surface): { title: string; verbs: Verb[] }[] {
  const here = VERBS.filter(
    ({ surfaces, right }) => surface === undefined || (surfaces.includes(surface) && right !== null),
  );
  return TOPICS.map(({ title, holds }) => ({ title, verbs: here.filter(holds) })).filter(
    ({ verbs }) => verbs.length,
  );
}

/** What `katabot help` prints. */
export function helpText(surface?: Surface): string {
  const width = Math.max(...VERBS.map(({ name }) => name.length));
  const topics = helpTopics(surface).flatMap(({ title, verbs }) => [
    `${title}:`,
    ...verbs.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
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
  slack: 'in Slack',
};

function rightText(right: NonNullable<Verb['right']>, { confirms, surfaces }: Verb): string {
  const asks = confirms ? ' Asks first in a protected environment.' : '';
  const takes = right === 'anybody' ? 'Takes no right.' : `Takes the right ${right}.`;
  return `${takes}${asks} May be said ${surfaces.map((each) => PLACES[each]).join(', ')}.`;
}

/** docs/commands.md */
export function commandsPage(): string {
  const sections = VERBS.map((verb) => `## ${verb.name}\n\n\`\`\`text\n${helpFor(verb.name)}\n\`\`\`\n`);
  return `# Commands\n\nThis page is made from the verb table: \`npm run docs\` writes it anew.\n\n\`\`\`text\n${helpText()}\n\`\`\`\n\n${sections.join('\n')}`;
}
