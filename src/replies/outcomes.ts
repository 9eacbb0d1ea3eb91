import type { GroupKey } from '../event.ts';
import type { Failure } from '../failure.ts';
import type { Bill } from '../metering/index.ts';
import type { Wish } from '../reconciler/index.ts';
import type { Block, Outcome } from './document.ts';
import { stage } from './push.ts';

// How commands end.

export function done(code: string, data: unknown, blocks: readonly Block[] = []): Outcome {
  return { kind: 'done', code, blocks, data };
}

export function failedOutcome({ code, message, advice, excerpt }: Failure): Outcome {
  const blocks: Block[] = [
    stage('failed', code, message),
    ...(excerpt ? [{ kind: 'verbatim', text: excerpt.replace(/^/gm, '    ') } as const] : []),
    ...(advice ? [{ kind: 'text', text: `    → ${advice}` } as const] : []),
  ];
  return { kind: code === 'usage' ? 'invalid' : 'failed', code, blocks, data: { code, message, advice } };
}

export function checked(files: number): Outcome {
  return done('checked', { files });
}

/** One outcome for a push of several groups: as bad as the worst of them. */
export function deployed(outcomes: readonly Outcome[]): Outcome {
  const bad = outcomes.find(({ kind }) => kind !== 'done');
  return {
    kind: bad?.kind ?? 'done',
    code: bad?.code ?? 'deployed',
    blocks: outcomes.flatMap(({ blocks }) => blocks),
    data: { groups: outcomes.map(({ data }) => data) },
  };
}

export function arrived(
  wish: Wish,
  facts: { url: string; probe: { status: number; tookMs: number } | undefined; tookMs: number },
): Outcome {
  return done('deployed', {
    group: wish.key,
    revision: wish.revision.number,
    url: facts.url,
    address: wish.address,
    tookMs: facts.tookMs,
    probe: facts.probe ?? null,
  });
}

export function stillGoing(name: string): Outcome {
  const text = `${name}: goes on without an audience · \`katabot status\` shows it`;
  return done('still-going', { group: name }, [stage('running', 'on its way', text)]);
}

export function removed(key: GroupKey, bill: Bill): Outcome {
  return done('removed', { group: key, bill });
}
