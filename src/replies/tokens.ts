import type { Block } from './document.ts';

export function tokenCreated(caller: string, right: string, token: string): Block[] {
  return [
    { kind: 'text', text: `Token of ${caller} (${right}). It is shown this once:` },
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
      : `${count === 1 ? 'The token' : `All ${count} tokens`} of ${caller} no longer work.`;
  return [{ kind: 'text', text }];
}

export function tokenTable(tokens: readonly { name: string; right: string; createdAtMs: number }[]): Block[] {
  if (!tokens.length) return [{ kind: 'text', text: 'Nobody has a token yet.' }];
  const rows = tokens.map(({ name, right, createdAtMs }) => [
    name,
    right,
    new Date(createdAtMs).toISOString(),
  ]);
  return [{ kind: 'table', columns: ['caller', 'right', 'since'], rows }];
}
