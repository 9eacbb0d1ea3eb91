import type { Command } from './verb.ts';
import { inQuotes, quoted } from './words.ts';

/** A command as it is typed. Parsing the text again gives the same command. */
export function commandText(command: Omit<Command, 'words'> & Partial<Pick<Command, 'words'>>): string {
  const { verb, target, environment, release, commit, words = [], argv } = command;
  const group = target && [
    target.container === undefined ? target.name : `${target.name}/${target.container}`,
  ];
  const to = release && ['to', 'revision' in release ? String(release.revision) : `@${release.commit}`];
  return [
    'katabot',
    verb.name,
    ...(group ?? []),
    ...words.map(asValue),
    ...(environment === undefined ? [] : ['in', environment]),
    ...(to ?? []),
    ...(commit === undefined ? [] : [`@${commit}`]),
    ...optionsText(command),
    ...(argv ? ['--', ...argv.map(quoted)] : []),
  ].join(' ');
}

function optionsText({ verb, options }: Pick<Command, 'verb' | 'options'>): string[] {
  return verb.options.flatMap(({ name, type }) => {
    const value = options[name];
    if (value === undefined) return [];
    if (typeof value === 'boolean') return [value ? `--${name}` : `--no-${name}`];
    return [`--${name}=${quoted(type === 'duration' ? durationText(Number(value)) : String(value))}`];
  });
}

/** A plain word that looks like something else stands in quotes. */
function asValue(word: string): string {
  return /^(-|[@#]|in$|to$|on$)/i.test(word) && word !== '-' ? inQuotes(word) : quoted(word);
}

function durationText(ms: number): string {
  return `${Math.round(ms / 1000)}s`;
}
