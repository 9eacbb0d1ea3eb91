import { createHmac } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import { type Operation, type Operations, type Said, saidText } from '../../commands/index.ts';
import type { Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { KeyBook, UsedKey } from '../../store/index.ts';

export type Begun =
  | { readonly kind: 'operation'; readonly operation: Operation }
  /** The operation is no longer in memory; this is how it ended. */
  | { readonly kind: 'ended'; readonly id: string; readonly outcome: Outcome }
  | { readonly kind: 'other-body' };

/** Begins a command once for each key of a caller, however often it is asked for. */
export type BeginOnce = (said: Said, key: string | undefined, body: string) => Promise<Begun>;

interface KeyParts {
  readonly operations: Operations;
  readonly keys: KeyBook;
  readonly clock: Clock;
  /** A key for the hashes of bodies: there are secrets among them, and those that are short could be guessed. */
  readonly pepper: string;
}

const KEPT_MS = 24 * 3_600_000;

export function createBeginOnce(parts: KeyParts): BeginOnce {
  /** Keys that are being looked up: a second request with one of them waits for the first. */
  const under = new Map<string, Promise<unknown>>();
  return async (said, key, body) => {
    if (key === undefined) return { kind: 'operation', operation: parts.operations.begin(said) };
    const name = `${said.caller.name} ${key}`;
    while (under.has(name)) await under.get(name);
    const work = beginWithKey(
      parts,
      said,
      key,
      createHmac('sha256', parts.pepper).update(body).digest('hex'),
    );
    const settled = work.catch(() => {}).finally(() => under.delete(name));
    under.set(name, settled);
    return work;
  };
}

async function beginWithKey(
  { operations, keys, clock }: KeyParts,
  said: Said,
  key: string,
  bodyHash: string,
): Promise<Begun> {
  const caller = said.caller.name;
  await keys.forget(clock.now() - KEPT_MS);
  const used = await keys.find(caller, key);
  if (used) return again(operations, used, bodyHash, said);
  const operation = operations.begin(said);
  await keys.use(caller, key, { bodyHash, operation: operation.id, atMs: clock.now() });
  void operations
    .ended(operation.id)
    .then((outcome) => outcome && keys.end(caller, key, outcome))
    .catch(() => {}); // a book that cannot be written: the operation itself is kept for an hour
  return { kind: 'operation', operation };
}

function again(operations: Operations, used: UsedKey, bodyHash: string, said: Said): Begun {
  if (used.bodyHash !== bodyHash) return { kind: 'other-body' };
  const operation = operations.find(used.operation);
  if (operation) return { kind: 'operation', operation };
  const outcome = used.outcome ?? say.interrupted(saidText(said));
  return { kind: 'ended', id: used.operation, outcome };
}
