import { randomInt } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { Failure } from '../failure.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { parse, parseLine } from './parse.ts';
import { saidText } from './said-text.ts';
import type { Said } from './verb.ts';

/** A command that runs, or has run, apart from whoever asked for it. */
export interface Operation {
  readonly id: string;
  readonly caller: string;
  readonly text: string;
  readonly startedAtMs: number;
  readonly state: 'running' | 'ended';
  readonly endedAtMs?: number;
  readonly outcome?: Outcome;
}

/** What is read of an operation: blocks with their numbers, in the order in which they were said, and the outcome last. */
export type Piece = { readonly number: number; readonly block: Block } | { readonly outcome: Outcome };

export interface Operations {
  /** Begins a command. It goes on when everybody has left, unless it only looks: then the last reader ends it. */
  begin(said: Said): Operation;
  find(id: string): Operation | undefined;
  /** Newest first. */
  list(): Operation[];
  /** How it ends; undefined for one that is not known. */
  ended(id: string): Promise<Outcome | undefined>;
  /** Everything from a number on, as it comes, in pieces that came together. Ends after the outcome, or with the signal. */
  read(id: string, from: number, signal: AbortSignal): AsyncGenerator<readonly Piece[]>;
  /** Tells every reader that the bot is stopping, and ends what only looks. What changes something goes on after the start. */
  close(): void;
}

export interface OperationParts {
  readonly clock: Clock;
  readonly run: (said: Said, signal: AbortSignal) => AsyncGenerator<Block, Outcome>;
  /** Tells an error of the bot's own; gives its reference. */
  readonly reportInternal: (error: unknown) => string;
}

const KEPT_MS = 3_600_000;
const MOST_KEPT = 1_000;
const MOST_BLOCKS = 10_000;
/** A reader whose connection broke has this long to come back. */
const GRACE_MS = 15_000;
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';

interface Running {
  operation: Operation;
  readonly blocks: Block[];
  /** The number of the first block that is still kept. */
  first: number;
  readonly readers: Set<{ next: number }>;
  readonly looks: boolean;
  readonly ending: AbortController;
  readonly ended: PromiseWithResolvers<Outcome>;
  stirred: PromiseWithResolvers<void>;
  cancelGrace: () => void;
}

export function createOperations(parts: OperationParts): Operations {
  const all = new Map<string, Running>();
  return {
    begin(said) {
      forgetOld(all, parts.clock.now());
      const running = started(parts, said, freshId(all));
      all.set(running.operation.id, running);
      void drive(parts, running, said);
      return running.operation;
    },
    find: (id) => all.get(id)?.operation,
    ended: async (id) => all.get(id)?.ended.promise,
    list: () => [...all.values()].map(({ operation }) => operation).reverse(),
    read: (id, from, signal) => read(parts, all.get(id), from, signal),
    close() {
      for (const running of all.values()) {
        if (running.operation.state === 'ended') continue;
        if (running.looks) running.ending.abort(new Error('the bot is stopping'));
        end(parts, running, say.interrupted(running.operation.text));
      }
    },
  };
}

function started({ clock }: OperationParts, said: Said, id: string): Running {
  return {
    operation: {
      id,
      caller: said.caller.name,
      text: saidText(said),
      startedAtMs: clock.now(),
      state: 'running',
    },
    blocks: [],
    first: 0,
    readers: new Set(),
    looks: !changes(said),
    ending: new AbortController(),
    ended: Promise.withResolvers(),
    stirred: Promise.withResolvers(),
    cancelGrace: () => {},
  };
}

/** Whether it goes on without an audience. What is not understood ends at once by itself. */
function changes({ words, line, surface }: Said): boolean {
  try {
    return (line === undefined ? parse(words) : parseLine(line, surface))?.verb.mutating === true;
  } catch {
    return false;
  }
}

async function drive(parts: OperationParts, running: Running, said: Said): Promise<void> {
  try {
    const work = parts.run(said, running.ending.signal);
    let step = await work.next();
    for (; !step.done; step = await work.next()) {
      running.blocks.push(step.value);
      stir(running);
      await room(running);
    }
    end(parts, running, step.value);
  } catch (error) {
    if (running.ending.signal.aborted) return end(parts, running, say.interrupted(running.operation.text));
    const reference = parts.reportInternal(error);
    const failure = new Failure('internal', `Something went wrong inside the bot (reference ${reference}).`, {
      advice: 'The bot’s log has the details under the reference.',
    });
    end(parts, running, say.failedOutcome(failure));
  }
}

/** A reader that is slow holds the command back; without readers, the oldest blocks go. */
async function room(running: Running): Promise<void> {
  while (running.blocks.length >= MOST_BLOCKS) {
    const slowest = Math.min(...[...running.readers].map(({ next }) => next));
    const gone = Math.min(
      running.readers.size ? slowest - running.first : MOST_BLOCKS / 2,
      running.blocks.length,
    );
    if (gone > 0) {
      running.blocks.splice(0, gone);
      running.first += gone;
      return;
    }
    await running.stirred.promise;
  }
}

function end({ clock }: OperationParts, running: Running, outcome: Outcome): void {
  if (running.operation.state === 'ended') return;
  running.operation = { ...running.operation, state: 'ended', endedAtMs: clock.now(), outcome };
  running.cancelGrace();
  running.ended.resolve(outcome);
  stir(running);
}

function stir(running: Running): void {
  running.stirred.resolve();
  running.stirred = Promise.withResolvers();
}

async function* read(
  parts: OperationParts,
  running: Running | undefined,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<readonly Piece[]> {
  if (!running) return;
  const reader = { next: Math.max(from, 0) };
  running.readers.add(reader);
  running.cancelGrace();
  try {
    while (!signal.aborted) {
      const { promise } = running.stirred;
      const pieces = piecesFrom(running, reader.next);
      const [last] = pieces.slice(-1);
      if (pieces.length) {
        yield pieces;
        reader.next = Math.max(reader.next, numberAfter(last, running));
        stir(running);
      }
      if (last && 'outcome' in last) return;
      if (!pieces.length) await promiseOr(promise, signal);
    }
  } finally {
    running.readers.delete(reader);
    stir(running);
    leaveToItself(parts, running);
  }
}

function piecesFrom({ blocks, first, operation }: Running, from: number): Piece[] {
  const lost = Math.max(0, first - from);
  const pieces: Piece[] = blocks
    .slice(Math.max(0, from - first))
    .map((block, index) => ({ number: Math.max(from, first) + index, block }));
  if (lost > 0) pieces.unshift({ number: first - 1, block: say.linesLost(lost) });
  if (operation.outcome) pieces.push({ outcome: operation.outcome });
  return pieces;
}

function numberAfter(piece: Piece | undefined, { first, blocks }: Running): number {
  if (!piece) return 0;
  return 'outcome' in piece ? first + blocks.length : piece.number + 1;
}

/** Rejects never: whoever waits looks at the signal again. */
async function promiseOr(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const stop = () => resolve();
  signal.addEventListener('abort', stop, { once: true });
  await Promise.race([promise, left]);
  signal.removeEventListener('abort', stop);
}

function leaveToItself({ clock }: OperationParts, running: Running): void {
  if (!running.looks || running.readers.size || running.operation.state === 'ended') return;
  running.cancelGrace = clock.after(GRACE_MS, () => {
    if (!running.readers.size) running.ending.abort(new Error('nobody reads any more'));
  });
}

function freshId(all: ReadonlyMap<string, unknown>): string {
  for (;;) {
    const id = `op-${Array.from({ length: 8 }, () => LETTERS[randomInt(LETTERS.length)]).join('')}`;
    if (!all.has(id)) return id;
  }
}

function forgetOld(all: Map<string, Running>, nowMs: number): void {
  const ended = [...all.values()].filter(({ operation }) => operation.state === 'ended');
  for (const [index, { operation }] of ended.entries()) {
    const old = (operation.endedAtMs ?? nowMs) < nowMs - KEPT_MS;
    if (old || ended.length - index > MOST_KEPT) all.delete(operation.id);
  }
}
