/** The group as people write it for compose: once with one network for all, as ACI has it, and once as compose likes it. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { find, installPackages } from '../test/world/private-engine.ts';
import type { Deployer } from './deploy.ts';
import { MEMBER_MEMORY_BYTES, MEMBER_VCPU, MEMBERS, type Pause, PORT } from './deploy-group.ts';

/** How compose is called here, and which one it is. */
export interface Compose {
  readonly command: readonly string[];
  readonly name: string;
}

/** The plug-in where it answers, else the older program; on Debian as root it is installed, which no figure counts. */
export function composeProgram(report: (line: string) => void): Compose | undefined {
  const present = ask(['docker', 'compose']) ?? ask(['docker-compose']);
  if (present) return present;
  if (process.getuid?.() === 0 && find('apt-get')) {
    report('katabot: installing docker-compose with apt-get ...');
    try {
      installPackages(['docker-compose']);
    } catch (error) {
      report(String(error));
    }
  }
  const installed = ask(['docker-compose']);
  if (!installed) report('There is no compose on this machine, so its rows are left out.');
  return installed;
}

/** Where a project of compose is reached, and which of the members it has. */
interface Shared {
  readonly project: string;
  readonly address: string;
  readonly subnet: string;
  readonly members: typeof MEMBERS;
}

const ALL_MEMBERS: Shared = {
  project: 'bench-shared',
  address: '127.30.0.2',
  subnet: '198.19.127.16/28',
  members: MEMBERS,
};

/** Everybody in the network of a container that waits: one localhost, one address, one life. */
export function sharedCompose(
  compose: Compose,
  pause: Pause,
  engine: { dockerHost: string },
  { project, address, subnet, members }: Shared = ALL_MEMBERS,
): Deployer {
  const services = {
    pause: {
      image: pause.image,
      ...(pause.command.length > 0 ? { command: pause.command } : {}),
      stop_signal: 'SIGKILL',
      ports: [`${address}:${PORT}:${PORT}`],
    },
    ...Object.fromEntries(
      members.map((member) => [member.name, { ...serviceOf(member), network_mode: 'service:pause' }]),
    ),
  };
  const file = { version: '2.4', services, networks: networkOn(subnet) };
  return composeDeployer(compose, engine, { form: 'shared network', project, file });
}

/** Each container on the project's network with an address of its own. */
export function naturalCompose(compose: Compose, engine: { dockerHost: string }): Deployer {
  const services = Object.fromEntries(
    MEMBERS.map((member, index) => [
      member.name,
      { ...serviceOf(member), ...(index === 0 ? { ports: [`127.30.0.3:${PORT}:${PORT}`] } : {}) },
    ]),
  );
  const file = { version: '2.4', services, networks: networkOn('198.19.127.32/28') };
  return composeDeployer(compose, engine, { form: 'natural form', project: 'bench-natural', file });
}

function serviceOf({ image, command }: (typeof MEMBERS)[number]) {
  return {
    image,
    command,
    cpus: MEMBER_VCPU,
    mem_limit: MEMBER_MEMORY_BYTES,
    memswap_limit: MEMBER_MEMORY_BYTES,
  };
}

function networkOn(subnet: string) {
  return { default: { ipam: { config: [{ subnet }] } } };
}

function composeDeployer(
  compose: Compose,
  engine: { dockerHost: string },
  { form, project, file }: { form: string; project: string; file: object },
): Deployer {
  const folder = mkdtempSync(join(tmpdir(), 'katabot-bench-'));
  const path = join(folder, 'compose.yaml');
  writeFileSync(path, JSON.stringify(file)); // JSON is YAML
  const call = (...args: string[]) =>
    run([...compose.command, '--project-name', project, '--file', path, ...args], {
      DOCKER_HOST: engine.dockerHost,
    });
  return {
    name: `${compose.name}, ${form}`,
    up: () => call('up', '--detach'),
    down: () => call('down', '--timeout', '0'),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

function ask(command: readonly string[]): Compose | undefined {
  const [program = '', ...args] = command;
  const answer = spawnSync(program, [...args, 'version', '--short'], { encoding: 'utf8' });
  const version = (answer.stdout ?? '').trim();
  if (answer.status !== 0 || !/^v?\d/.test(version)) return undefined;
  return { command, name: `${command.join(' ')} ${version}` };
}

function run([program = '', ...args]: readonly string[], env: Record<string, string>): Promise<void> {
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    complaint += part;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${program} ${args.join(' ')} ended with ${code}: ${complaint}`));
    });
  });
}
