/** The floor: the calls that make a group, with nothing around them. No checks, no books, no way back. */
import type Docker from 'dockerode';
import type { Deployer } from './deploy.ts';
import { MEMBER_MEMORY_BYTES, MEMBER_VCPU, MEMBERS, type Pause, PORT } from './deploy-group.ts';

const NAME = 'bench-bare';
const ADDRESS = '127.30.0.4';
const SUBNET = '198.19.127.48/28';
const LABELS = { 'katabot.owner': 'test-bench' }; // so that a run that was killed is swept up by the tests

export function bareCalls(docker: Docker, pause: Pause): Deployer {
  return {
    name: 'bare API calls',
    async up() {
      const IPAM = { Driver: 'default', Config: [{ Subnet: SUBNET }] };
      await docker.createNetwork({ Name: NAME, Driver: 'bridge', IPAM, Labels: LABELS });
      const sandbox = await startSandbox(docker, pause);
      await Promise.all(MEMBERS.map((member) => startMember(docker, member, sandbox.id)));
    },
    async down() {
      const names = [...MEMBERS.map(({ name }) => `${NAME}.${name}`), NAME];
      await Promise.all(names.map((name) => docker.getContainer(name).remove({ force: true })));
      await docker.getNetwork(NAME).remove();
    },
  };
}

async function startSandbox(docker: Docker, pause: Pause): Promise<Docker.Container> {
  const sandbox = await docker.createContainer({
    name: NAME,
    Image: pause.image,
    Cmd: [...pause.command],
    StopSignal: 'SIGKILL',
    ExposedPorts: { [`${PORT}/tcp`]: {} },
    Labels: LABELS,
    HostConfig: {
      NetworkMode: NAME,
      PortBindings: { [`${PORT}/tcp`]: [{ HostIp: ADDRESS, HostPort: String(PORT) }] },
      RestartPolicy: { Name: 'no' },
    },
  });
  await sandbox.start();
  return sandbox;
}

async function startMember(
  docker: Docker,
  member: (typeof MEMBERS)[number],
  sandboxId: string,
): Promise<void> {
  const container = await docker.createContainer({
    name: `${NAME}.${member.name}`,
    Image: member.image,
    Cmd: member.command,
    Labels: LABELS,
    HostConfig: {
      NetworkMode: `container:${sandboxId}`,
      NanoCpus: MEMBER_VCPU * 1e9,
      Memory: MEMBER_MEMORY_BYTES,
      MemorySwap: MEMBER_MEMORY_BYTES,
      RestartPolicy: { Name: 'no' },
    },
  });
  await container.start();
}
