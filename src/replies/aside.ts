import type { Fact, GroupKey } from '../event.ts';
import type { Block } from './document.ts';
import { gpuIdle } from './gpus.ts';
import { nameOf } from './group.ts';
import { stage } from './push.ts';

/** What is told of a group in the thread that brought it up, besides how its deploy went. */
export type Aside = Extract<Fact, { kind: 'gpu-idle' | 'evicted' }>;

/** Whether a fact is one of those. */
export function isAside(fact: Fact): fact is Aside {
  return fact.kind === 'gpu-idle' || fact.kind === 'evicted';
}

/** What names one of them: GPUs that are idle are told of once of a revision, each eviction by itself. */
export function asideName(fact: Aside, revision: number, atMs: number): string {
  return fact.kind === 'gpu-idle' ? `idle:${revision}` : `evicted:${revision}:${atMs}`;
}

export function asideOf(name: string, fact: Aside): Block[] {
  return fact.kind === 'gpu-idle' ? gpuIdle(name, fact) : evicted(name, fact);
}

/** A Spot group has made room. */
function evicted(name: string, { returns }: { readonly returns: boolean }): Block[] {
  const after = returns ? 'It comes back by itself when there is room again' : runsOnce(name);
  return [
    stage('warning', 'evicted', `${name}: a Regular group needed its room`),
    { kind: 'text', text: `    → ${after}; its meter stands still` },
  ];
}

function runsOnce(name: string): string {
  return `It runs once and does not come back by itself: katabot start ${name}`;
}

/** A deploy that was followed ends with it. */
export function evictedForGood(key: GroupKey): { message: string; advice: string } {
  const name = nameOf(key);
  return { message: `A Regular group needed the room of ${name}.`, advice: runsOnce(name) };
}
