import type { GroupKey } from '../event.ts';
import { formatMoney, type Money } from '../metering/index.ts';
import type { Block, Outcome } from './document.ts';
import { nameOf } from './group.ts';
import { done } from './outcomes.ts';
import { refused, stage } from './push.ts';

// What the bot says when people operate what runs.

/** Nothing was to be done: the same command said twice is as good as once. */
export function alreadySo(verb: string, key: GroupKey, text: string): Outcome {
  return done(`${verb}-already`, { group: key, changed: false }, [stage('done', verb, text)]);
}

export function dryRun(verb: string, key: GroupKey, would: readonly Block[]): Outcome {
  const blocks = [...would, stage('running', 'dry run', 'nothing was changed')];
  return done('dry-run', { group: key, verb, changed: false }, blocks);
}

export function wouldStage(verb: string, text: string): Block {
  return stage('running', verb, text);
}

export function changedStage(verb: string, text: string, tookMs?: number): Block {
  return stage('done', verb, text, tookMs);
}

/** The end of a verb that changed one group. */
export function changed(code: string, key: GroupKey, facts: Readonly<Record<string, unknown>>): Outcome {
  return done(code, { group: key, changed: true, ...facts });
}

/** Somebody wanted something else before it was through. */
export function overtaken(verb: string, key: GroupKey): Outcome {
  const text = `somebody wanted something else of ${nameOf(key)} before it was through`;
  return { kind: 'failed', code: 'superseded', blocks: [stage('warning', verb, text)], data: { group: key } };
}

export function goesAt(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

export function extendedStage(untilMs: number, more: Money): Block {
  return stage(
    'done',
    'extended',
    `goes by itself at ${goesAt(untilMs)}; that adds ${formatMoney(more)} at most`,
  );
}

export function noRelease(key: GroupKey, which: string, known: readonly number[]): Outcome {
  return refused(
    'release-unknown',
    `${nameOf(key)} has no ${which} to go back to.`,
    known.length
      ? `It has ${known.map((number) => `#${number}`).join(', ')}: katabot history ${nameOf(key)}`
      : 'There is no other revision yet.',
  );
}

export function rollbackStage(to: number, from: number, commit: string, images: readonly string[]): Block[] {
  return [
    stage('done', 'release', `#${to}${commit ? ` · ${commit.slice(0, 7)}` : ''} takes the place of #${from}`),
    ...images.map((image) => stage('done', 'image', image)),
  ];
}

/** `4h`, `3d`, `90m`: as it is typed. */
export function lifetime(ms: number): string {
  for (const [unit, unitMs] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const) {
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs}${unit}`;
  }
  return `${Math.round(ms / 1000)}s`;
}

const FINDING_MARKS = { fine: 'done', warning: 'warning', broken: 'failed' } as const;

/** One thing that the doctor looked at, and what to do about it. */
export function findingBlocks({
  name,
  state,
  text,
  advice,
}: {
  name: string;
  state: 'fine' | 'warning' | 'broken';
  text: string;
  advice: string;
}): Block[] {
  const blocks: Block[] = [stage(FINDING_MARKS[state], name, text)];
  if (advice) blocks.push({ kind: 'text', text: `    → ${advice}` });
  return blocks;
}

export function examined(broken: number, findings: readonly unknown[]): Outcome {
  return {
    kind: broken ? 'failed' : 'done',
    code: broken ? 'unwell' : 'well',
    blocks: [],
    data: { broken, findings },
  };
}

/** More was printed than an answer holds. */
export function outputCut(mostBytes: number): Block {
  return { kind: 'text', text: `… it printed more than ${mostBytes / 1024} KiB, and was left` };
}

/** A program that was run in a container, by its own exit code; undefined when it was left before its end. */
export function programEnded(exitCode: number | undefined): Outcome {
  const text = exitCode === undefined ? 'Left before its end.' : `It ended with exit code ${exitCode}.`;
  return {
    kind: exitCode === 0 ? 'done' : 'failed',
    code: 'exec',
    blocks: [{ kind: 'text', text }],
    data: { exitCode: exitCode ?? null },
  };
}

export function linesLost(count: number): Block {
  return { kind: 'text', text: `… ${count} earlier lines are no longer kept` };
}

/** The bot stops while a command runs. What it has begun goes on by itself. */
export function interrupted(text: string): Outcome {
  const message = `The bot is stopping while "${text}" is under way. What was begun goes on when it is back.`;
  return {
    kind: 'failed',
    code: 'interrupted',
    blocks: [stage('warning', 'interrupted', message), { kind: 'text', text: '    → katabot status' }],
    data: { code: 'interrupted', message },
  };
}
