import type { PlanBlock, TaskCardBlock } from '@slack/types';
import type { Block } from '../../../replies/index.ts';
import * as say from '../../../replies/index.ts';
import { harmless } from './text.ts';

const MOST_TASKS = 8;
const LONGEST_TITLE = 100;

const STATUSES = {
  done: 'complete',
  warning: 'complete',
  skipped: 'complete',
  failed: 'error',
  running: 'in_progress',
} as const;

interface Steps {
  readonly steps: readonly Block[];
  readonly ahead: readonly string[];
}

/**
 * The steps of a deploy as Slack's plan. Slack folds a plan whenever its message is edited, so its title says where the
 * deploy stands. Pure.
 */
export function planBlock({ steps, ahead }: Steps): PlanBlock {
  const stages = steps.filter((block) => block.kind === 'stage');
  const shown = stages.slice(-MOST_TASKS);
  const before = stages.length - shown.length;
  const title = say.stepWords({ steps, ahead });
  return {
    type: 'plan',
    title: harmless(title.charAt(0).toUpperCase() + title.slice(1), 150),
    tasks: [
      ...(before ? [task('before', `${before} earlier steps`, 'complete')] : []),
      ...shown.map(({ label, text, mark }, index) => task(String(index), `${label} ${text}`, STATUSES[mark])),
      ...ahead.slice(0, MOST_TASKS).map((name, index) => task(`ahead-${index}`, name, 'pending')),
    ],
  };
}

function task(id: string, title: string, status: TaskCardBlock['status']): TaskCardBlock {
  return { type: 'task_card', task_id: id, title: harmless(title, LONGEST_TITLE), status };
}
