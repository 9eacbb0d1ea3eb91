import type { Pod, Step } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import type { Standing } from './assess.ts';

/**
 * What each sandbox was given of config maps last. Only remembered: after a restart of the bot everything is delivered once
 * more, which changes nothing.
 */
export type Deliveries = Map<GroupKey, string>;

/** The step that brings changed config maps into a group of which nothing else is to be done; undefined when they are there. */
export function deliveryOf(deliveries: Deliveries, standing: Standing, pod: Pod): Step | undefined {
  if (standing.kind !== 'in-sync' && standing.kind !== 'waiting' && standing.kind !== 'unready')
    return undefined;
  const { sandboxId } = standing.pod;
  const content = contentOf(pod, sandboxId);
  if (content === undefined || deliveries.get(pod.key) === content) return undefined;
  return { kind: 'deliver', pod, sandboxId };
}

/** Remembers what a step has brought along. */
export function noteDelivery(deliveries: Deliveries, step: Step): void {
  if (step.kind !== 'deliver' && step.kind !== 'start-members') return;
  const content = contentOf(step.pod, step.sandboxId);
  if (content !== undefined) deliveries.set(step.pod.key, content);
}

function contentOf({ group }: Pod, sandboxId: string): string | undefined {
  const maps = group.containers.flatMap(({ name, configMap }) =>
    Object.keys(configMap?.keyValuePairs ?? {}).length ? [[name, configMap?.keyValuePairs]] : [],
  );
  return maps.length ? JSON.stringify([sandboxId, maps]) : undefined;
}
