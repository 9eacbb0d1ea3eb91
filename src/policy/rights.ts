import type { Accounts, Bar } from './people.ts';
import type { Area } from './places.ts';

/** From least to most: read, deploy, operate, administer. */
export const RIGHTS = ['reader', 'deployer', 'operator', 'admin'] as const;
export type Right = (typeof RIGHTS)[number];

/** A right that the settings give, and where. */
export interface GivenGrant extends Area {
  readonly right: Right;
}

/** A right that a caller has, and where. */
export interface Grant extends GivenGrant {
  /** What gives it, such as `callers.ann`, `token` or `role write in acme/shop`. */
  readonly rule: string;
}

/** The person (or machine) behind a request, on whatever surface. */
export interface Caller {
  readonly name: string;
  /** The most that the caller's token allows. */
  readonly right: Right;
  /** When the token stops working; absent when it never does. */
  readonly expiresAtMs?: number;
  /** All that a code host's role gives, where the caller is known by that alone; the settings' callers say nothing of them. */
  readonly grants?: readonly Grant[];
  /** Who they are elsewhere, as far as that was proved. */
  readonly accounts?: Accounts;
  /** Why they have less than they could have. */
  readonly bar?: Bar;
  /** The code host does not answer: the grants are those of that moment, epoch ms, and hold for less. */
  readonly asOfMs?: number;
}

/** A caller as one person, wherever they speak: by their number at the code host, or by the name that is all there is. */
export function personOf({ name, accounts }: Pick<Caller, 'name' | 'accounts'>): string {
  return accounts?.github === undefined ? `caller:${name}` : `github:${accounts.github}`;
}

/** The right of that name, or undefined. */
export function rightNamed(text: string): Right | undefined {
  return RIGHTS.find((right) => right === text);
}

/** Whether a right holds for what takes `needed`: each holds for itself and for all that is less. */
export function isEnough(right: Right, needed: Right): boolean {
  return RIGHTS.indexOf(right) >= RIGHTS.indexOf(needed);
}

/** The lesser of two rights. */
export function lesserOf(one: Right, other: Right): Right {
  return isEnough(one, other) ? other : one;
}
