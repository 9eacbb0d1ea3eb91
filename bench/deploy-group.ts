/** The group that every deployer of the bench brings up. */
import type Docker from 'dockerode';

export const GROUP_NAME = 'bench';
export const PORT = 80;

/** An idle program each: what is measured is the way there, not the work. */
export const MEMBERS = ['first', 'second', 'third'].map((name) => ({
  name,
  image: 'katabot/busybox:1',
  command: ['sleep', '86400'],
}));

export const MEMBER_VCPU = 0.5;
const MEMBER_MEMORY_GB = 0.1;
export const MEMBER_MEMORY_BYTES = 107_374_182;

/** A group of so many of the members as Katabot reads it: the same that the others bring up. */
export function groupDocument(name = GROUP_NAME, members = MEMBERS): string {
  return [
    `apiVersion: '2023-05-01'`,
    'type: Microsoft.ContainerInstance/containerGroups',
    `name: ${name}`,
    'location: local',
    'properties:',
    '  osType: Linux',
    '  restartPolicy: Never',
    `  ipAddress: { type: Public, ports: [{ protocol: TCP, port: ${PORT} }] }`,
    '  containers:',
    ...members.flatMap(({ name: member, image, command }, index) => [
      `    - name: ${member}`,
      '      properties:',
      `        image: ${image}`,
      `        command: ${JSON.stringify(command)}`,
      ...(index === 0 ? [`        ports: [{ protocol: TCP, port: ${PORT} }]`] : []),
      `        resources: { requests: { cpu: ${MEMBER_VCPU}, memoryInGB: ${MEMBER_MEMORY_GB} } }`,
    ]),
    '',
  ].join('\n');
}

/** The container that only waits and owns the network. */
export interface Pause {
  readonly image: string;
  readonly command: readonly string[];
}

/** Katabot's own where Katabot has run on this engine, else a program that sleeps. */
export async function pauseOf(docker: Docker): Promise<Pause> {
  const [own] = await docker.listImages({ filters: { reference: ['katabot/sandbox'] } });
  const image = own?.RepoTags?.[0];
  return image ? { image, command: [] } : { image: 'katabot/busybox:1', command: ['sleep', '86400'] };
}
