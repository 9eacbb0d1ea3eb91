/** Scratch space and what another machine keeps, on a real engine. */
import { afterAll, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { createDockerEngine } from '../../../src/engines/docker/docker-engine.ts';
import { AZURE_SHARES } from '../../../src/engines/docker/shares.ts';
import { volumeOptions } from '../../../src/engines/docker/volume-options.ts';
import { connect } from '../../world/docker.ts';
import { bringUp, podFor, run, takeDown } from './brought-up.ts';

const dockerHost = process.env['KATABOT_TEST_DOCKER_HOST'] ?? '';
const docker = connect(dockerHost);
const engine = createDockerEngine(
  {
    way: { engine: dockerHost },
    folder: '',
    runtime: 'runc',
    isolation: 'none',
    owner: 'scratch-test',
    nfsServers: ['127.0.0.1'],
    stopGraceSeconds: 0,
  },
  systemClock,
);

const group = (name: string, volumes: string, mounts: string) => `
name: ${name}
properties:
  osType: Linux
  volumes: [${volumes}]
  containers:
  - name: web
    properties:
      image: katabot/busybox:1
      command: [sleep, '600']
      resources: {requests: {cpu: 0.1, memoryInGB: 0.2}}
      securityContext: {runAsUser: 1000, runAsGroup: 1000}
      volumeMounts: [${mounts}]
`;
const scratch = podFor(
  group(
    'scratch',
    '{name: plain, emptyDir: {}}, {name: speedy, emptyDir: {medium: memory, sizeLimit: 1Mi}}',
    '{name: plain, mountPath: /plain}, {name: speedy, mountPath: /speedy}',
  ),
  '198.19.5.64/28',
);
const limited = podFor(
  group('limited', '{name: small, emptyDir: {sizeLimit: 4Mi}}', '{name: small, mountPath: /small}'),
  '198.19.5.80/28',
);
const remote = podFor(
  group(
    'remote',
    '{name: pages, nfs: {server: 127.0.0.1, path: /exports/pages, options: "nfsvers=4,port=1,soft,timeo=5,retrans=1"}}',
    '{name: pages, mountPath: /pages}',
  ),
  '198.19.5.96/28',
);

afterAll(async () => {
  for (const pod of [scratch, limited, remote]) await takeDown(engine, pod);
  await engine.close();
});

const made = (text: string, name: string) =>
  volumeOptions('katabot', podFor(text, ''), name, { engineFolder: '/e', shares: AZURE_SHARES }).DriverOpts;

test.each([
  ['{name: files, emptyDir: {}}', {}],
  ['{name: files, emptyDir: {sizeLimit: 1.5Gi}}', { size: '1610612736' }],
  [
    '{name: files, emptyDir: {medium: Memory, sizeLimit: 512Mi}}',
    { type: 'tmpfs', device: 'tmpfs', o: 'size=536870912,mode=0777' },
  ],
  [
    '{name: files, emptyDir: {medium: Memory}}', // as much as the group has
    { type: 'tmpfs', device: 'tmpfs', o: 'size=214748365,mode=0777' },
  ],
  [
    '{name: files, nfs: {server: nas.example.com, path: /exports/team}}',
    { type: 'nfs', device: ':/exports/team', o: 'addr=nas.example.com,nfsvers=4,rw' },
  ],
  [
    '{name: files, nfs: {server: nas.example.com, path: /a, readOnly: true, options: "nfsvers=4.1,soft"}}',
    { type: 'nfs', device: ':/a', o: 'addr=nas.example.com,nfsvers=4.1,soft,ro' },
  ],
])('%s', (volume, options) => {
  expect(made(group('x', volume, '{name: files, mountPath: /files}'), 'files')).toEqual(options);
});

test('every user of a group may write into scratch space; what is in memory holds no more than its limit', async () => {
  const up = await bringUp(engine, scratch);
  const script = `
    echo mine > /plain/note && cat /plain/note; df /speedy | tail -1 | cut -d' ' -f1
    dd if=/dev/zero of=/speedy/all bs=64k count=64 2>&1 | grep -o 'No space left on device'; ls -l /speedy/all | awk '{print $5}'`;
  expect((await run(engine, up, 'web', 'sh', '-c', script)).output.split('\n')).toEqual([
    'mine',
    'tmpfs',
    'No space left on device',
    String(2 ** 20),
  ]);
}, 60_000);

test('a limit on the disk is kept by the file system, or the group is refused', async () => {
  const { Driver, DriverStatus } = await docker.info();
  const { limitsScratch } = await engine.describe(AbortSignal.timeout(20_000));
  const told = bringUp(engine, limited);
  const isXfs = JSON.stringify([Driver, DriverStatus]).includes('"Backing Filesystem","xfs"');
  const outcome = await told.then(
    (up) => run(engine, up, 'web', 'dd', 'if=/dev/zero', 'of=/small/all', 'bs=1M', 'count=8'),
    (error: { code: string }) => error.code,
  );
  expect(limitsScratch).toBe(outcome !== 'limit-unsupported'); // so that it is told before anything is changed
  expect((await docker.listVolumes({ filters: '{"label":["katabot.look=scratch-test"]}' })).Volumes).toEqual(
    [],
  );
  // XFS that is not mounted with pquota refuses as well.
  if (!isXfs) expect(outcome).toBe('limit-unsupported');
  if (outcome !== 'limit-unsupported')
    expect(outcome).toMatchObject({ output: expect.stringContaining('No space left on device') });
}, 60_000);

test('an NFS server that is not there, or a kernel without NFS, is told with the volume', async () => {
  await expect(bringUp(engine, remote)).rejects.toMatchObject({
    code: expect.stringMatching(/^share-(unreachable|unsupported)$/),
    about: { volume: 'pages' },
  });
  expect(await docker.listContainers({ all: true, filters: { name: ['production.remote'] } })).toEqual([]);
}, 60_000);
