import type { Command } from '../../commands/index.ts';
import type { Failure } from '../../failure.ts';
import { type Block, drawPlain, type Outcome } from '../../replies/index.ts';
import { exitCodeOf, exitCodeOfFailure } from './exit-codes.ts';
import type { CliParts } from './parts.ts';
import { drawingFor, linesOf } from './progress.ts';

type Screens = Pick<CliParts, 'out' | 'error'>;

/** Shows how a command ended; gives the exit code. What went wrong is no part of what was asked for. */
export async function finish(
  outcome: Outcome,
  { options, verb }: Pick<Command, 'options' | 'verb'>,
  { out, error }: Screens,
): Promise<number> {
  const code = exitCodeOf(outcome);
  if (options['json'] === true) {
    if (verb.name !== 'logs' || code !== 0) await out.write(`${JSON.stringify(documentOf(outcome))}\n`);
    return code;
  }
  const screen = code === 0 ? out : error;
  const text = linesOf(outcome.blocks.flatMap((block) => drawPlain(block, drawingFor(screen))));
  if (text) await screen.write(text);
  return code;
}

/** The same for what never became a command, or never had an answer. */
export async function finishFailed(
  failure: Failure,
  json: boolean,
  { out, error }: Screens,
): Promise<number> {
  const { code, message, advice, excerpt } = failure;
  const shown = excerpt ? `${excerpt.replace(/^/gm, '  ')}\n` : '';
  if (json) await out.write(`${JSON.stringify({ code, message, advice })}\n`);
  else await error.write(`${message}\n${shown}${advice ? `→ ${advice}\n` : ''}`);
  return exitCodeOfFailure(failure);
}

/** A failure has the same three facts whatever else it tells. */
function documentOf({ kind, code, blocks, data }: Outcome): unknown {
  if (kind === 'done' || code === 'validated') return data;
  return { code, message: sentenceIn(blocks), advice: '', ...Object(data) };
}

function sentenceIn(blocks: readonly Block[]): string {
  const failed = blocks.find((block) => block.kind === 'stage' && block.mark !== 'done');
  return failed?.kind === 'stage' ? failed.text : '';
}
