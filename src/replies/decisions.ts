import type { Check } from '../policy/index.ts';
import type { Block, Outcome } from './document.ts';
import { refused } from './push.ts';

// Whether a deed would be allowed, question by question.

/** The whole list with marks, and below each failed question what to do. */
export function decisionBlocks(checks: readonly Check[]): Block[] {
  return checks.flatMap((check): Block[] => [
    {
      kind: 'stage',
      mark: MARKS[check.state],
      label: check.name,
      text: check.text || TEXTS[check.state],
    },
    ...(check.advice ? [{ kind: 'text', text: `    → ${check.advice}` } as const] : []),
  ]);
}

const MARKS = { passed: 'done', waits: 'running', failed: 'failed', 'not-needed': 'skipped' } as const;
const TEXTS = { passed: 'yes', waits: 'to come', failed: 'no', 'not-needed': 'not asked' } as const;

/** The first question that has failed, as the refusal that it is; undefined when none has. */
export function firstRefusal(checks: readonly Check[]): Outcome | undefined {
  const failed = checks.find(({ state }) => state === 'failed');
  return failed && refused(failed.code, failed.text, failed.advice);
}
