/** What a security context does to real programs. */
import { afterAll, expect, test } from '@jest/globals';
import { systemClock } from '../../../src/clock.ts';
import { createDockerEngine } from '../../../src/engines/docker/docker-engine.ts';
import { bringUp, podFor, said, takeDown } from './brought-up.ts';

const engine = createDockerEngine(
  {
    way: { engine: process.env['KATABOT_TEST_DOCKER_HOST'] ?? '' },
    folder: '',
    runtime: 'runc',
    isolation: 'none',
    mayWiden: true,
    owner: 'rights-test',
    stopGraceSeconds: 0,
  },
  systemClock,
);

const LOOK =
  'id -u; id -g; grep -E "^(CapBnd|CapEff|NoNewPrivs|Seccomp):" /proc/self/status | tr -d "\\t"; mkdir /tmp/made 2>&1; echo done';
/** Everything is allowed but to make a folder. */
const PROFILE = Buffer.from(
  JSON.stringify({
    defaultAction: 'SCMP_ACT_ALLOW',
    syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
  }),
).toString('base64');

const member = (name: string, securityContext: string) => `
  - name: ${name}
    properties:
      image: katabot/busybox:1
      command: [sh, -c, '${LOOK}; sleep 600']
      environmentVariables: [{name: TOKEN, secureValue: hunter-two}]
      resources: {requests: {cpu: 0.1, memoryInGB: 0.1}}
      ${securityContext}`;

const pod = podFor(
  `
name: rights
properties:
  osType: Linux
  containers:${member('plain', '')}${member('somebody', 'securityContext: {runAsUser: 1000, runAsGroup: 2000, allowPrivilegeEscalation: false}')}${member('grouped', 'securityContext: {runAsGroup: 2000}')}${member('bound', 'securityContext: {capabilities: {drop: [ALL], add: [CAP_NET_BIND_SERVICE]}}')}${member('filtered', `securityContext: {seccompProfile: ${PROFILE}}`)}
`,
  '198.19.5.0/28',
);

afterAll(async () => {
  await takeDown(engine, pod);
  await engine.close();
});

const DEFAULT = '00000000a80425fb';

test('a program has the user, the rights and the filter that its container was given', async () => {
  await bringUp(engine, pod);
  const seen = async (name: string) => (await said(engine, pod, name, 'done')).slice(0, -1);
  const effective = (ids: string[], rights: string, bound: string, locked: string) => [
    ...ids,
    `CapEff:${rights}`,
    `CapBnd:${bound}`,
    `NoNewPrivs:${locked}`,
    'Seccomp:2',
  ];
  expect(await seen('plain')).toEqual(effective(['0', '0'], DEFAULT, DEFAULT, '0'));
  expect(await seen('somebody')).toEqual(effective(['1000', '2000'], '0000000000000000', DEFAULT, '1'));
  expect(await seen('grouped')).toEqual(effective(['0', '2000'], DEFAULT, DEFAULT, '0'));
  const bind = (1 << 10).toString(16).padStart(16, '0');
  expect(await seen('bound')).toEqual(effective(['0', '0'], bind, bind, '0'));
  expect(await seen('filtered')).toEqual([
    ...effective(['0', '0'], DEFAULT, DEFAULT, '0'),
    expect.stringMatching(/mkdir: .*Operation not permitted/),
  ]);
}, 60_000);
