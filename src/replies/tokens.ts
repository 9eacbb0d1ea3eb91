import { hasExpired, type KeptToken } from '../policy/index.ts';
import type { Block } from './document.ts';

export function tokenCreated(
  caller: string,
  right: string,
  token: string,
  expiresAtMs: number | undefined,
): Block[] {
  const until = expiresAtMs === undefined ? '' : ` until ${timeOf(expiresAtMs)}`;
  return [
    { kind: 'text', text: `Token of ${caller} (${right}${until}). It is shown this once:` },
    { kind: 'blank' },
    { kind: 'text', text: `  ${token}` },
    { kind: 'blank' },
    { kind: 'text', text: 'As password for git push, or as KATABOT_TOKEN for the command line.' },
  ];
}

export function tokenRevoked(caller: string, count: number): Block[] {
  const text =
    count === 0
      ? `${caller} had no token.`
      : `${count === 1 ? 'The token' : `All ${count} tokens`} of ${caller} no longer ${count === 1 ? 'works' : 'work'}.`;
  return [{ kind: 'text', text }];
}

export function tokenTable(tokens: readonly KeptToken[], nowMs: number): Block[] {
  if (!tokens.length) return [{ kind: 'text', text: 'Nobody has a token yet.' }];
  const rows = tokens.map((token) => [
    token.name,
    token.right,
    new Date(token.createdAtMs).toISOString(),
    expiryOf(token, nowMs),
  ]);
  return [{ kind: 'table', columns: ['caller', 'right', 'since', 'expires'], rows }];
}

function expiryOf(token: KeptToken, nowMs: number): string {
  if (token.expiresAtMs === null) return 'never';
  const at = timeOf(token.expiresAtMs);
  return hasExpired(token, nowMs) ? `expired ${at}` : at;
}

/** To the second: nobody asks when in it. */
export function timeOf(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d+Z$/, 'Z');
}
