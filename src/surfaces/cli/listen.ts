import {
  type Command,
  commandsPage,
  completionScript,
  helpFor,
  helpText,
  parse,
} from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import { referencePage } from '../../spec/index.ts';
import { runAttach, runExec } from './exec.ts';
import { exitCodeOfSignal } from './exit-codes.ts';
import { filesOf } from './files.ts';
import { finish, finishFailed } from './finish.ts';
import { runAsked, runFollow } from './follow.ts';
import { runLogin } from './login.ts';
import { runNew } from './new.ts';
import { runOffline } from './offline.ts';
import type { CliParts } from './parts.ts';
import { schemaText } from './schema.ts';
import { runSeal, secretFor } from './secret-value.ts';
import { runToken } from './token.ts';
import { runValidate } from './validate.ts';

/** Runs one command line to its end and gives the exit code: see EXIT_CODES. */
export async function runCli(words: readonly string[], parts: CliParts): Promise<number> {
  try {
    if (words[0] === 'docs') return await printDocs(words[1] ?? '', parts); // for the project’s own `npm run docs`
    if (words[0] === '--version') return await printVersion(words, parts);
    return await runWords(words, parts);
  } catch (error) {
    if (error instanceof Failure) return finishFailed(error, wantsJson(words), parts);
    if (parts.signal.aborted) return exitCodeOfSignal(parts.signal);
    throw error;
  }
}

async function runWords(words: readonly string[], parts: CliParts): Promise<number> {
  const command = parse(words);
  switch (command.verb.name) {
    case 'serve':
      return parts.serve();
    case 'schema':
      return print(schemaText(), parts);
    case 'help':
      return print(`${command.words[0] === undefined ? helpText() : helpFor(command.words[0])}\n`, parts);
    case 'completion':
      return print(completionScript(command.words[0] ?? ''), parts);
    case 'new':
      return finish(await runNew(command), command, parts);
    case 'validate':
      return finish(await runValidate(command.words, parts), command, parts);
    case 'login':
      return finish(await runLogin(command, parts), command, parts);
    case 'token':
      return finish(await runToken(command, await parts.tokens()), command, parts);
    case 'exec':
      return runExec(command, parts);
    case 'attach':
      return runAttach(command, parts);
    case 'follow':
      return runFollow(command, parts);
    default:
      return askOrPlan(command, words, parts);
  }
}

async function askOrPlan(command: Command, words: readonly string[], parts: CliParts): Promise<number> {
  if (command.options['offline'] === true) return finish(await runOffline(command, parts), command, parts);
  if (command.options['recipient'] !== undefined)
    return finish(await runSeal(command, parts), command, parts);
  const secret = await secretFor(command, parts);
  const files = await filesOf(command, parts);
  return runAsked(command, { words, files, ...(secret ? { secret } : {}) }, parts);
}

async function print(text: string, { out }: CliParts): Promise<number> {
  await out.write(text);
  return 0;
}

function printVersion(words: readonly string[], parts: CliParts): Promise<number> {
  const version = parts.version();
  return print(wantsJson(words) ? `${JSON.stringify({ version })}\n` : `katabot ${version}\n`, parts);
}

function printDocs(page: string, parts: CliParts): Promise<number> {
  const make = { commands: commandsPage, spec: referencePage, ...parts.pages }[page];
  if (!make) throw new Failure('usage', `There is no page "${page}".`);
  return print(make(), parts);
}

/** Also of words that make no command: whoever reads JSON reads the mistake as JSON. */
function wantsJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return words.slice(0, end === -1 ? words.length : end).includes('--json');
}
