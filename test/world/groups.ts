/** Documents for tests that push: small groups that start and stop at once. */

const WAIT = `command: [sh, -c, "trap 'exit 0' TERM; sleep 3600 & wait $!"]`;

export interface Described {
  readonly name?: string;
  readonly image?: string;
  readonly memoryInGB?: string;
  /** More properties of the container, each on a line of its own. */
  readonly container?: readonly string[];
  /** More properties of the group. */
  readonly more?: readonly string[];
  readonly label?: string;
  /** Where a group with a label is reached. */
  readonly ports?: readonly number[];
}

/** A group of one container; with a label it answers HTTP on port 80, otherwise it only waits. */
export function groupText({
  name = 'shop',
  image,
  memoryInGB = '0.1',
  container = [],
  more = [],
  label,
  ports = [80],
}: Described = {}): string {
  const web = label !== undefined;
  const published = `[${ports.map((port) => `{port: ${port}}`).join(', ')}]`;
  return [
    "apiVersion: '2023-05-01'",
    `name: ${name}`,
    'location: local',
    'properties:',
    '  osType: Linux',
    '  restartPolicy: Always',
    ...(web ? [`  ipAddress: {type: Public, dnsNameLabel: ${label}, ports: ${published}}`] : []),
    ...more.map((line) => `  ${line}`),
    '  containers:',
    '  - name: main',
    '    properties:',
    `      image: ${image ?? (web ? 'katabot/hello:1' : 'katabot/busybox:1')}`,
    ...(web ? [`      ports: ${published}`] : [`      ${WAIT}`]),
    `      resources: {requests: {cpu: 0.1, memoryInGB: ${memoryInGB}}}`,
    ...container.map((line) => `      ${line}`),
    '',
  ].join('\n');
}
