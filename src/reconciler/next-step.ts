import type { ObservedMember, ObservedPod, Pod, Step } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import type { Standing } from './assess.ts';

/** The one step that brings a group nearer to its wish, or none. Pure. */
export function nextStep(standing: Standing, pod: Pod, imagesPinned: boolean): Step | undefined {
  switch (standing.kind) {
    case 'gone':
    case 'stopped':
    case 'waiting':
    case 'unready':
    case 'in-sync':
      return undefined;
    case 'unwanted':
      return clearAway(pod.key, standing.pods);
    case 'stopping':
      return stopFirst(pod.key, standing.pods);
    case 'stale':
      if (!imagesPinned) return { kind: 'pull', pod };
      return stopMembers(pod.key, standing.members);
    case 'unhealthy':
      return stopMembers(pod.key, standing.members);
    case 'absent':
      // Images first: what runs goes on serving until the new one can really be made.
      if (!imagesPinned) return { kind: 'pull', pod };
      return clearAway(pod.key, standing.pods, pod.fingerprint) ?? { kind: 'create-sandbox', pod };
    case 'out-of-date':
      if (!imagesPinned) return { kind: 'pull', pod };
      return { kind: 'remove-members', key: pod.key, ids: standing.members.map(({ id }) => id) };
    case 'initializing':
      if (!imagesPinned) return { kind: 'pull', pod };
      return { kind: 'start-init', pod, sandboxId: standing.pod.sandboxId, container: standing.start };
    case 'incomplete':
      if (!imagesPinned) return { kind: 'pull', pod };
      return { kind: 'start-members', pod, sandboxId: standing.pod.sandboxId, containers: standing.start };
    case 'finished':
      if (standing.pod.state !== 'running') return undefined;
      return { kind: 'stop', key: pod.key, members: [], sandbox: standing.pod.sandboxId };
  }
}

/**
 * Stops first and removes after a second look, so that the times of the end are seen and written to the bill. A pod that is
 * made anew as it was (`again` is its fingerprint) keeps its volumes.
 */
export function clearAway(key: GroupKey, pods: readonly ObservedPod[], again?: string): Step | undefined {
  const stop = stopFirst(key, pods);
  if (stop) return stop;
  const [first] = pods;
  if (!first) return undefined;
  return { kind: 'remove', key, podId: first.id, keepVolumes: first.fingerprint === again };
}

function stopMembers(key: GroupKey, members: readonly ObservedMember[]): Step {
  return { kind: 'stop', key, members: members.map(({ id }) => id), sandbox: '' };
}

function stopFirst(key: GroupKey, pods: readonly ObservedPod[]): Step | undefined {
  for (const pod of pods) {
    const members = pod.members.filter(({ state }) => state === 'running').map(({ id }) => id);
    const sandbox = pod.state === 'running' ? pod.sandboxId : '';
    if (members.length || sandbox) return { kind: 'stop', key, members, sandbox };
  }
  return undefined;
}

/** What makes two steps of one pass the same; a pass takes each step once, so that it cannot spin. */
export function identityOf(step: Step): string {
  switch (step.kind) {
    case 'start-init':
      return `${step.kind} ${step.container}`;
    case 'start-members':
      return `${step.kind} ${step.containers.join(' ')}`;
    case 'remove-members':
      return `${step.kind} ${step.ids.join(' ')}`;
    case 'stop':
      return `${step.kind} ${step.members.join(' ')} ${step.sandbox}`;
    case 'remove':
      return `${step.kind} ${step.podId}`;
    case 'deliver':
    case 'pull':
      return `${step.kind} ${step.pod.revision}`;
    case 'create-sandbox': // at another address it is another step
      return `${step.kind} ${step.pod.revision} ${JSON.stringify(step.pod.published)}`;
  }
}
