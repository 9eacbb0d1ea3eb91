import type { Proposal } from '../../policy/index.ts';
import type { Block } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import { plainText } from '../../replies/index.ts';
import type { Problem } from '../../spec/index.ts';
import type { PullPlan } from '../../store/index.ts';
import { drawMarkdown } from './markdown.ts';

/** GitHub's limits of a check run. */
const MOST_TEXT = 65_535;
const MOST_ANNOTATION = 60_000;

/** A check run as GitHub's API takes it, without its repository. Annotations go fifty at a time. */
export interface CheckRun {
  readonly name: string;
  readonly head_sha: string;
  /** How the bot finds its own after a crash. */
  readonly external_id: string;
  readonly status: 'queued' | 'in_progress' | 'completed';
  readonly conclusion?: 'success' | 'failure' | 'neutral' | 'action_required' | 'cancelled';
  readonly output: {
    readonly title: string;
    readonly summary: string;
    readonly annotations: readonly Annotation[];
  };
  readonly actions: readonly CheckAction[];
  readonly details_url?: string;
}

export interface Annotation {
  readonly path: string;
  readonly start_line: number;
  readonly end_line: number;
  readonly start_column?: number;
  readonly end_column?: number;
  readonly annotation_level: 'failure' | 'warning';
  readonly title: string;
  readonly message: string;
  readonly raw_details?: string;
}

/** A button: 20 characters of label and identifier, 40 of description; three at most. */
export interface CheckAction {
  readonly label: string;
  readonly description: string;
  readonly identifier: 'deploy' | 'cancel' | 'rollback' | 'approve';
}

export const PLAN_CHECK = 'katabot / plan';

export const DEPLOY_ACTION: CheckAction = {
  label: 'Deploy preview',
  description: 'Bring this commit up as a preview',
  identifier: 'deploy',
};

const AGAIN_ACTION: CheckAction = {
  label: 'Deploy again',
  description: 'Bring this commit up once more',
  identifier: 'deploy',
};

export const APPROVE_ACTION: CheckAction = {
  label: 'Approve',
  description: 'Say yes to this commit, there',
  identifier: 'approve',
};

const WITHDRAW_ACTION: CheckAction = {
  label: 'Cancel',
  description: 'Take it back: nothing is deployed',
  identifier: 'cancel',
};

const CANCEL_ACTION: CheckAction = {
  label: 'Cancel',
  description: 'Stop this deploy',
  identifier: 'cancel',
};

const ROLLBACK_ACTION: CheckAction = {
  label: 'Roll back',
  description: 'Go back to the revision before',
  identifier: 'rollback',
};

/** The plan of a commit: every problem at its line, price and changes in the summary, and the button that deploys it. Pure. */
export function planCheck(
  head: string,
  { again, verdict, errors, text }: PullPlan,
  problems: readonly Problem[],
  actions: readonly CheckAction[] = [DEPLOY_ACTION],
): CheckRun {
  return {
    name: PLAN_CHECK,
    head_sha: head,
    external_id: `plan ${head} ${again}`,
    status: 'completed',
    conclusion: verdict === 'ready' ? 'success' : verdict === 'none' ? 'neutral' : 'failure',
    output: {
      title: say.planTitle(verdict, errors),
      summary: text.slice(0, MOST_TEXT) || say.planTitle(verdict, errors),
      annotations: problems.map(annotationOf),
    },
    actions: verdict === 'ready' ? actions : [],
  };
}

export interface DeployCheck {
  readonly environment: string;
  readonly head: string;
  /** What was asked: each deploy has a check of its own, which is not opened again once it has ended. */
  readonly ask: string;
  readonly state: 'deploying' | 'deployed' | 'failed' | 'cancelled';
  readonly title: string;
  readonly blocks: readonly Block[];
  readonly url: string;
}

const CONCLUSIONS = {
  deployed: 'success',
  failed: 'failure',
  cancelled: 'cancelled',
} as const;

export interface WaitingCheck {
  readonly proposal: Proposal;
  readonly ask: string;
  /** Waits for a person, not for the clock alone. */
  readonly isHuman: boolean;
  readonly title: string;
  readonly blocks: readonly Block[];
  /** A button is answered in a pull request; without one there is nowhere to answer. */
  readonly hasButtons: boolean;
}

/** A deploy that waits. One that asks for a person has ended with that: what comes after it is a check of its own. Pure. */
export function waitingCheck({ proposal, ask, isHuman, title, blocks, hasButtons }: WaitingCheck): CheckRun {
  const { id, environment, commit } = proposal;
  return {
    name: `katabot / ${environment}`,
    head_sha: commit,
    external_id: isHuman ? `${id} ${environment}` : `${ask} ${environment}`,
    status: isHuman ? 'completed' : 'queued',
    ...(isHuman ? { conclusion: 'action_required' as const } : {}),
    output: {
      title: plainText(title, 200),
      summary: drawMarkdown(blocks, MOST_TEXT),
      annotations: [],
    },
    actions: !hasButtons ? [] : isHuman ? [APPROVE_ACTION, WITHDRAW_ACTION] : [],
  };
}

/** A deploy of a commit to an environment, from its beginning to its end. Pure. */
export function deployCheck({ environment, head, ask, state, title, blocks, url }: DeployCheck): CheckRun {
  const ended = state === 'deploying' ? undefined : CONCLUSIONS[state];
  return {
    name: `katabot / ${environment}`,
    head_sha: head,
    external_id: `${ask} ${environment}`,
    status: ended ? 'completed' : 'in_progress',
    ...(ended ? { conclusion: ended } : {}),
    output: {
      title: plainText(title, 200),
      summary: drawMarkdown(blocks, MOST_TEXT) || plainText(title, 200),
      annotations: [],
    },
    actions: actionsFor(state),
    ...(/^https?:/.test(url) ? { details_url: url } : {}),
  };
}

/** What can be done with a click, by how it stands. */
function actionsFor(state: DeployCheck['state']): readonly CheckAction[] {
  switch (state) {
    case 'deploying':
      return [CANCEL_ACTION];
    case 'deployed':
      return [ROLLBACK_ACTION];
    case 'failed':
    case 'cancelled':
      return [AGAIN_ACTION];
  }
}

function annotationOf({
  file,
  line,
  column,
  endColumn,
  severity,
  code,
  message,
  advice,
}: Problem): Annotation {
  return {
    path: file,
    start_line: line,
    end_line: line,
    ...(endColumn !== undefined && endColumn > column ? { start_column: column, end_column: endColumn } : {}),
    annotation_level: severity === 'error' ? 'failure' : 'warning',
    title: plainText(code, 200),
    message: plainText(message, MOST_ANNOTATION),
    ...(advice ? { raw_details: plainText(advice, MOST_ANNOTATION) } : {}),
  };
}
