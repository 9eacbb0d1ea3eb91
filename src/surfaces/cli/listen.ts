import {
  type Command,
  commandsPage,
  completionScript,
  helpFor,
  helpText,
  parse,
} from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import { type Drawing, drawPlain, type Outcome } from '../../replies/index.ts';
import { referencePage } from '../../spec/index.ts';
import { askBot } from './ask.ts';
import { schemaText } from './schema.ts';
import { runToken, type TokenParts } from './token.ts';
import { runValidate } from './validate.ts';

/** What the command line stands on; `main.ts` gives the real ones. */
export interface CliParts {
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Whether a person looks at standard output. */
  readonly terminal: boolean;
  readonly readFile: (path: string) => Promise<Buffer>;
  readonly readInput: () => Promise<Buffer>;
  /** Asked only by verbs that need a bot. */
  readonly bot: () => { readonly url: string; readonly token: string };
  readonly serve: () => Promise<number>;
  readonly tokens: () => Promise<TokenParts>;
  readonly signal: AbortSignal;
  /** More pages of the documentation, by name. */
  readonly pages: Readonly<Record<string, () => string>>;
}

/** 0 done · 1 the answer is no (errors in a file, a failed deploy, a refusal) · 2 not understood · 3 no bot there. */
export async function runCli(words: readonly string[], parts: CliParts): Promise<number> {
  try {
    return await runWords(words, parts);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    parts.writeError(
      `${error.message}\n${error.excerpt ? `${error.excerpt}\n` : ''}${error.advice ? `→ ${error.advice}\n` : ''}`,
    );
    return error.code === 'usage' ? 2 : error.code === 'bot-unreachable' ? 3 : 1;
  }
}

async function runWords(words: readonly string[], parts: CliParts): Promise<number> {
  if (words[0] === 'docs') return printDocs(words[1] ?? '', parts); // for the project’s own `npm run docs`
  const command = parse(words);
  const json = command.options['json'] === true;
  switch (command.verb.name) {
    case 'serve':
      return parts.serve();
    case 'schema':
      parts.write(schemaText());
      return 0;
    case 'help':
      parts.write(`${command.words[0] === undefined ? helpText() : helpFor(command.words[0])}\n`);
      return 0;
    case 'completion':
      parts.write(completionScript(command.words[0] ?? ''));
      return 0;
    case 'validate':
      return finish(await runValidate(command.words, parts), { json, parts });
    case 'token':
      return finish(await runToken(command, await parts.tokens()), { json, parts });
    case 'deploy':
      throw new Failure('usage', 'A deploy is asked for with git.', {
        advice: command.verb.examples[0] ?? '',
      });
    default:
      return follow(command, words, json, parts);
  }
}

async function follow(
  command: Command,
  words: readonly string[],
  json: boolean,
  parts: CliParts,
): Promise<number> {
  const drawing: Drawing = { colour: parts.terminal };
  for await (const line of askBot(parts.bot(), words, parts.signal)) {
    if ('outcome' in line) return finish(line.outcome, { json, parts });
    if (json && command.verb.name === 'logs' && line.block.kind === 'log')
      parts.write(`${JSON.stringify({ container: line.block.source, text: line.block.text })}\n`);
    else if (!json) parts.write(`${drawPlain(line.block, drawing).join('\n')}\n`);
  }
  return parts.signal.aborted ? 0 : 1;
}

function finish(outcome: Outcome, { json, parts }: { json: boolean; parts: CliParts }): number {
  const code = outcome.kind === 'done' ? 0 : outcome.kind === 'invalid' && outcome.code === 'usage' ? 2 : 1;
  if (json) {
    if (outcome.code !== 'logs') parts.write(`${JSON.stringify(outcome.data)}\n`);
    return code;
  }
  const drawing: Drawing = { colour: parts.terminal };
  const text = outcome.blocks.flatMap((block) => drawPlain(block, drawing)).join('\n');
  if (text) (code === 0 ? parts.write : parts.writeError)(`${text}\n`);
  return code;
}

function printDocs(page: string, parts: CliParts): number {
  const make = { commands: commandsPage, spec: referencePage, ...parts.pages }[page];
  if (!make) throw new Failure('usage', `There is no page "${page}".`);
  parts.write(make());
  return 0;
}
