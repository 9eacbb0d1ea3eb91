import { Failure } from '../failure.ts';
import { VERBS } from './table.ts';
import type { Option, Verb } from './verb.ts';

const SHELLS: Readonly<Record<string, () => string>> = { bash, zsh, fish };

/** A script that completes verbs, their options and closed values. Throws a Failure `usage` for another shell. */
export function completionScript(shell: string): string {
  const make = SHELLS[shell];
  if (make) return make();
  throw new Failure('usage', `There is no completion for ${shell}.`, {
    advice: `Write one of ${Object.keys(SHELLS).join(', ')}.`,
  });
}

function wordsAfter(verb: Verb): string[] {
  const closed = verb.arguments.flatMap(({ name }) =>
    name === 'shell' ? Object.keys(SHELLS) : name === 'topic' ? VERBS.map((each) => each.name) : [],
  );
  return [...verb.options.map(({ name }) => `--${name}`), ...closed];
}

function bash(): string {
  const values = VERBS.flatMap((verb) =>
    verb.options.flatMap(({ name, values: closed }) =>
      closed ? [`    ${verb.name}:--${name}) words='${closed.join(' ')}' ;;`] : [],
    ),
  );
  return `# katabot completion for bash
_katabot() {
  local words current previous verb
  current="\${COMP_WORDS[COMP_CWORD]}"
  previous="\${COMP_WORDS[COMP_CWORD-1]}"
  verb="\${COMP_WORDS[1]}"
  if [ "$COMP_CWORD" -eq 1 ]; then
    words='${VERBS.map(({ name }) => name).join(' ')}'
  else
    case "$verb:$previous" in
${values.join('\n')}
    *)
      case "$verb" in
${VERBS.map((verb) => `      ${[verb.name, ...verb.aliases].join('|')}) words='${wordsAfter(verb).join(' ')}' ;;`).join('\n')}
      *) words='' ;;
      esac ;;
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _katabot katabot
`;
}

function zsh(): string {
  const verbs = VERBS.map(({ name, summary }) => `    '${name}:${escaped(summary)}'`);
  const cases = VERBS.map(
    (verb) =>
      `    ${[verb.name, ...verb.aliases].join('|')}) _arguments ${verb.options.map(zshOption).join(' ')} '*:word:_files' ;;`,
  );
  return `#compdef katabot
_katabot() {
  local -a verbs
  verbs=(
${verbs.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe 'verb' verbs
    return
  fi
  local verb=$words[2]
  shift words; (( CURRENT-- ))
  case $verb in
${cases.join('\n')}
  esac
}
_katabot "$@"
`;
}

function zshOption({ name, type, says, values }: Option): string {
  const value = type === 'flag' ? '' : values ? `:${name}:(${values.join(' ')})` : `:${name}:`;
  return `'--${name}[${escaped(says)}]${value}'`;
}

function fish(): string {
  const lines = VERBS.flatMap((verb) => [
    `complete -c katabot -n __fish_use_subcommand -a ${verb.name} -d '${escaped(verb.summary)}'`,
    ...verb.options.map(({ name, letter, type, says, values }) =>
      [
        `complete -c katabot -n '__fish_seen_subcommand_from ${[verb.name, ...verb.aliases].join(' ')}' -l ${name}`,
        ...(letter ? [`-s ${letter}`] : []),
        // A closed value is no file.
        ...(values ? [`-x -a '${values.join(' ')}'`] : type === 'flag' ? [] : ['-r']),
        `-d '${escaped(says)}'`,
      ].join(' '),
    ),
  ]);
  return `# katabot completion for fish\n${lines.join('\n')}\n`;
}

/** For single quotes, brackets and colons of three shells at once. */
function escaped(text: string): string {
  return text.replace(/['`]/g, '’').replace(/[[\]:]/g, ' ');
}
