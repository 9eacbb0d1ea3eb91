import type { Fact } from '../event.ts';
import { withPort } from '../network/index.ts';
import type { Block } from './document.ts';
import { gpuWaitWords } from './gpus.ts';
import { evictedStage, hostStage, queuedStage } from './hosts.ts';
import { imageStage, pullProgress, stage } from './push.ts';

/** Whether what is told of a deploy is that it waits for others. */
export function isWaiting(block: Block): block is Extract<Block, { kind: 'stage' }> {
  return block.kind === 'stage' && block.mark === 'running' && WAITS.includes(block.label);
}

const WAITS = ['room', 'waits'];

/** What to say of a fact while a deploy is followed; undefined for facts that are told otherwise. */
export function progressOf(fact: Fact): Block | undefined {
  switch (fact.kind) {
    case 'image':
      return fact.state === 'pulling'
        ? stage('running', 'image', `${fact.image} …`)
        : imageStage(fact.image, fact.state, fact.digest, fact.tookMs, fact.foreign);
    case 'pull-progress':
      return pullProgress(fact.image, fact.percent);
    case 'placed':
      return hostStage(fact);
    case 'queued':
      return queuedStage(fact);
    case 'evicted':
      return evictedStage();
    case 'moved':
      return stage(
        'warning',
        'address',
        `${withPort(fact.to.address, fact.to.hostPort)} instead of ${withPort(fact.from.address, fact.from.hostPort)}: ${fact.why}`,
      );
    case 'isolation':
      return stage('done', 'isolation', `${fact.level}: ${fact.saw}`);
    case 'gpu-waits':
      return stage('running', 'waits', `for ${gpuWaitWords(fact)}; goes on by itself`);
    case 'drifted':
      return stage('warning', 'drift', `${fact.what}: ${fact.mended ? 'it is made anew' : 'left as it is'}`);
    case 'unhealthy':
      return stage('warning', 'probe', `${fact.container}: the ${fact.probe} probe failed, ${fact.answer}`);
    case 'ready':
      return stage('done', 'ready', fact.container);
    case 'member-exited':
      return fact.exitCode === 0 || fact.asked
        ? undefined
        : stage('warning', 'exit', `${fact.container}: ${fact.reason}`);
    default:
      return undefined;
  }
}
