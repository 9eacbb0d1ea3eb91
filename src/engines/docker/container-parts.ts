import type { Container, InitContainer } from '../../spec/index.ts';
import type { Pod, Published } from '../index.ts';
import { LABEL, podLabels } from './labels.ts';

// Pure: what containers are asked for alike, whatever the engine runs them on.

/** What stands on the sandbox of a pod, whatever else it is. */
export function sandboxLabels(owner: string, pod: Pod, role: 'sandbox' | 'whole'): Record<string, string> {
  return {
    ...podLabels(owner, pod, role),
    [LABEL.address]: pod.address,
    [LABEL.subnet]: pod.subnet,
    ...(pod.meteredFromMs === undefined ? {} : { [LABEL.meteredFrom]: String(pod.meteredFromMs) }),
  };
}

/** Ports as the engine takes them; `hostIp` says at which of the host's addresses. */
export function portsOf(
  published: readonly Published[],
  hostIp: (place: Published) => { readonly HostIp?: string },
) {
  const bindings = Map.groupBy(published, ({ port, protocol }) => `${port}/${protocol.toLowerCase()}`);
  return {
    ExposedPorts: Object.fromEntries([...bindings.keys()].map((name) => [name, {}])),
    PortBindings: Object.fromEntries(
      [...bindings].map(([name, places]) => [
        name,
        places.map((place) => ({ ...hostIp(place), HostPort: String(place.hostPort) })),
      ]),
    ),
  };
}

/** Where the lines of containers are kept, and how many. */
export const MEMBER_LOG = { Type: 'json-file', Config: { 'max-size': '8m', 'max-file': '2' } };

/** The environment variables that anybody may see. */
export function environmentOf({ environmentVariables }: Container | InitContainer): string[] {
  return environmentVariables.flatMap(({ name, value }) => (value === undefined ? [] : [`${name}=${value}`]));
}

/** ACI's `command` replaces entrypoint and arguments together. */
export function programOf({ command }: Container | InitContainer) {
  return command?.length ? { Entrypoint: [...command], Cmd: [] } : {};
}
