import type { Finding } from '../problem.ts';
import type { Group } from '../schema/group.ts';

const MOST_PORTS = 5;
/** Ports that ACI's documentation advises against; it does not refuse them. */
const DISCOURAGED: readonly (readonly [number, number])[] = [
  [1025, 1027],
  [3389, 3399],
  [9999, 9999],
  [19_000, 19_000],
  [19_080, 19_080],
  [19_100, 19_100],
  [19_390, 19_390],
  [20_000, 30_000],
  [49_152, 65_534],
];

/** One shared space of ports: each number once, each published one on a container. */
export function portFindings(group: Group): Finding[] {
  const findings: Finding[] = [];
  const owners = new Map<number, string>();
  for (const [index, container] of group.containers.entries()) {
    for (const [place, { port }] of container.ports.entries()) {
      const path = `properties.containers[${index}].properties.ports[${place}].port`;
      const owner = owners.get(port);
      if (owner) {
        const where =
          owner === container.name
            ? 'twice in this container (also for TCP and UDP together)'
            : `already by the container ${owner}`;
        findings.push({
          code: 'duplicate-port',
          path,
          message: `Port ${port} is used ${where}; the containers of a group share one port space.`,
          advice: 'Give each its own port number.',
        });
      }
      owners.set(port, container.name);
    }
  }
  if (group.ipAddress) findings.push(...publishedFindings(group.ipAddress.ports, owners));
  return findings;
}

function publishedFindings(
  ports: readonly { port: number; protocol: string }[],
  owners: ReadonlyMap<number, string>,
): Finding[] {
  const findings: Finding[] = [];
  const base = 'properties.ipAddress.ports';
  if (!ports.length) {
    findings.push({
      code: 'MissingIpAddressPorts',
      path: base,
      message: 'An address needs at least one port.',
      advice: 'List the ports to publish, or remove ipAddress.',
    });
  }
  if (ports.length > MOST_PORTS) {
    findings.push({
      code: 'too-many-ports',
      path: base,
      message: `${ports.length} ports are published; ACI allows ${MOST_PORTS}.`,
      advice: 'Publish fewer, or split the group.',
    });
  }
  const seen = new Set<number>();
  for (const [index, { port }] of ports.entries()) {
    const path = `${base}[${index}].port`;
    if (seen.has(port))
      findings.push({
        code: 'duplicate-port',
        path,
        message: `Port ${port} is published twice.`,
        advice: 'Keep one; TCP and UDP cannot share a number.',
      });
    seen.add(port);
    if (!owners.has(port)) {
      findings.push({
        code: 'UnreferencedIpAddressPorts',
        path,
        message: `Port ${port} is published but no container lists it.`,
        advice: `Add - port: ${port} under the ports of the container that listens on it.`,
      });
    }
    if (DISCOURAGED.some(([from, to]) => port >= from && port <= to)) {
      findings.push({
        severity: 'warning',
        code: 'port-discouraged',
        path,
        message: `ACI advises against port ${port}; it uses such ports itself.`,
        advice: 'It works here; choose another one if the file should run on Azure as well.',
      });
    }
  }
  return findings;
}
