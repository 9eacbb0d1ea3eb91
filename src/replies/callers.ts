import type { Caller, Grant } from '../policy/index.ts';
import type { Block } from './document.ts';
import { timeOf } from './tokens.ts';

// What the bot says to somebody about themselves.

/** Who the bot takes somebody for, and what that allows. */
export function whoamiBlocks(
  caller: Caller,
  grants: readonly Grant[],
  isProtected: readonly string[],
): Block[] {
  const until = caller.expiresAtMs === undefined ? 'never' : timeOf(caller.expiresAtMs);
  const rows = grants.map(({ right, environments, repositories, rule }) => [
    right,
    areaText(environments),
    areaText(repositories),
    rule,
  ]);
  return [
    { kind: 'heading', text: caller.name },
    { kind: 'field', label: 'token', text: `allows ${caller.right} at most, expires ${until}` },
    ...(isProtected.length
      ? [{ kind: 'field', label: 'asks', text: `before a change in ${isProtected.join(', ')}` } as const]
      : []),
    { kind: 'blank' },
    { kind: 'table', columns: ['right', 'environments', 'repositories', 'because of'], rows },
  ];
}

function areaText(patterns: readonly string[]): string {
  return patterns.includes('*') ? 'all' : patterns.join(', ');
}
