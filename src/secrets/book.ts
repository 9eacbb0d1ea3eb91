import { createHmac } from 'node:crypto';
import { type Scope, scopesFor } from './scope.ts';
import type { Secret } from './secret.ts';

/** What is told of a secret that the bot keeps: everything but its value. */
export interface KeptSecret extends Scope {
  readonly name: string;
  readonly setBy: string;
  readonly setAtMs: number;
  /** Changes with the value; tells nothing of it to who has not the bot's key. */
  readonly fingerprint: string;
}

/** The book of secrets; a name and a scope make one. Values are sealed at rest. */
export interface SecretBook {
  /** By name, then by scope. */
  list(): Promise<KeptSecret[]>;
  /** The secret of exactly this scope. */
  read(name: string, scope: Scope): Promise<Secret | undefined>;
  /** Gives false when there was one already, which is replaced. */
  set(kept: KeptSecret, value: Secret): Promise<boolean>;
  /** Gives false when there was none. */
  remove(name: string, scope: Scope): Promise<boolean>;
}

/** What a reference to the bot's own secrets begins with, such as `katabot:DATABASE`. */
export const OWN = 'katabot:';
/** A login for a registry is kept under this and the registry's host name. */
export const REGISTRY = 'registry:';

const NAME = /^(?!(?:kept|age)$)[A-Za-z_][A-Za-z0-9_.-]{0,62}$/;
const LOGIN = /^registry:[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(:\d{1,5})?$/;

/** Whether a secret may be called so: `DATABASE`, or `registry:ghcr.io` for a login. */
export function isSecretName(name: string): boolean {
  return NAME.test(name) || LOGIN.test(name);
}

/** The secret that a place gets under a name: that of the narrowest scope. */
export async function findSecret(
  book: Pick<SecretBook, 'read'>,
  name: string,
  place: Scope,
): Promise<Secret | undefined> {
  for (const scope of scopesFor(place)) {
    const found = await book.read(name, scope);
    if (found) return found;
  }
  return undefined;
}

/** A login is kept as `user:password`. */
export function loginIn(value: string): { username: string; password: string } | undefined {
  const colon = value.indexOf(':');
  if (colon < 1 || colon === value.length - 1) return undefined;
  return { username: value.slice(0, colon), password: value.slice(colon + 1) };
}

/** Eight digits that change with the value. The name goes in too: equal values of two names do not look alike. */
export function fingerprintOf(name: string, value: Secret, pepper: string): string {
  return createHmac('sha256', pepper).update(`${name}\0${value.reveal()}`).digest('hex').slice(0, 8);
}
