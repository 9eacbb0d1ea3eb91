import type { Refusal } from './refusals.ts';

/** A command that is held back until the same person says that they mean it. */
export interface Confirmation {
  readonly id: string;
  readonly person: string;
  /** The command as it is typed, with its commit and `--yes`. */
  readonly line: string;
  readonly expiresAtMs: number;
}

/** The book of what is to be confirmed. Each can be taken once. */
export interface ConfirmationBook {
  add(confirmation: Confirmation): Promise<void>;
  get(id: string): Promise<Confirmation | undefined>;
  /** Removes it, and gives whether it was there. */
  take(id: string): Promise<boolean>;
  forget(beforeMs: number): Promise<void>;
}

/** What was meant ten minutes ago may not be meant any more. */
export const CONFIRM_WITHIN_MS = 10 * 60_000;

/** Why somebody cannot confirm it; undefined when they can. Pure. */
export function confirmRefusal(
  confirmation: Confirmation | undefined,
  person: string,
  nowMs: number,
): Refusal | undefined {
  const again = 'Say the command again: it comes with a new one.';
  if (!confirmation)
    return no('confirmation-unknown', 'Nothing of that name is to be confirmed, or it was.', again);
  if (nowMs >= confirmation.expiresAtMs)
    return no('confirmation-unknown', 'It could be confirmed for ten minutes, and they are over.', again);
  if (confirmation.person !== person)
    return no('confirmation-foreign', 'Only who has asked for it can confirm it.', 'Ask them to.');
  return undefined;
}

function no(code: string, message: string, advice: string): Refusal {
  return { allowed: false, code, message, advice };
}
