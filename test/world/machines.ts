/** Machines of a made-up network: namespaces on a bridge of the host's, so that every packet crosses a link. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { output } from './name-servers.ts';
import type { Call, Errand } from './outpost.ts';

interface Wires {
  readonly bridge: string;
  /** The host's address on the bridge; machines reach everything else by it. */
  readonly host: string;
  /** More addresses of the host's, for groups. */
  readonly more: readonly string[];
  /** The address of each machine, by its name. */
  readonly machines: Readonly<Record<string, string>>;
  /** The one that every machine asks for names. */
  readonly resolver: string;
}

/** Gives the words that run a program on a machine, and the end of it all. What an earlier run left is removed first. */
export async function layWires(
  wires: Wires,
): Promise<{ at(machine: string): string[]; remove(): Promise<void> }> {
  const { bridge, host, more, machines, resolver } = wires;
  await removeWires(wires);
  const names = Object.keys(machines);
  await ipAll([
    `link add ${bridge} type bridge`,
    `addr add ${host}/24 dev ${bridge}`,
    `link set ${bridge} up`,
    ...more.map(
      (address) => `addr add ${address}${address.includes(':') ? '/128 nodad' : '/32'} dev ${bridge}`,
    ),
    ...names.map((name) => `netns add ${name}`),
    ...names.map((name) => `link add ${linkOf(name)} type veth peer name eth0 netns ${name}`),
    ...names.map((name) => `link set ${linkOf(name)} master ${bridge} up`),
  ]);
  await letThrough('-I', bridge);
  for (const [name, address] of Object.entries(machines)) {
    await ipAll(
      [
        `addr add ${address}/24 dev eth0`,
        'link set lo up',
        'link set eth0 up',
        `route add default via ${host}`,
      ],
      ['-n', name],
    );
    // What programs in the namespace find as /etc/resolv.conf.
    await mkdir(`/etc/netns/${name}`, { recursive: true });
    await writeFile(`/etc/netns/${name}/resolv.conf`, `nameserver ${resolver}\n`);
  }
  return { at: (name) => ['ip', 'netns', 'exec', name], remove: () => removeWires(wires) };
}

/** Sets something of the network's; throws what `ip` complains of. */
export async function ip(...words: string[]): Promise<void> {
  const said = await output('ip', words);
  if (said) throw new Error(`ip ${words.join(' ')}: ${said}`);
}

/** Many lines in one program; `before` are options for all of them. */
async function ipAll(lines: readonly string[], before: readonly string[] = []): Promise<void> {
  const said = await output('ip', [...before, '-batch', '-'], lines.join('\n'));
  if (said) throw new Error(`ip ${before.join(' ')}: ${said}`);
}

/**
 * Packets from one machine to another stay on the bridge; where a Docker Engine is at work they pass the host's FORWARD chain all
 * the same, and its policy is to drop them.
 */
async function letThrough(deed: '-I' | '-D', bridge: string): Promise<string> {
  return output('iptables', ['-w', deed, 'FORWARD', '-i', bridge, '-o', bridge, '-j', 'ACCEPT']);
}

async function removeWires({ bridge, machines }: Wires): Promise<void> {
  await letThrough('-D', bridge);
  for (const name of Object.keys(machines)) {
    await output('ip', ['netns', 'delete', name]);
    await output('ip', ['link', 'delete', linkOf(name)]);
    await rm(`/etc/netns/${name}`, { recursive: true, force: true });
  }
  await output('ip', ['link', 'delete', bridge]);
}

/** Names of links have 15 letters at most. */
function linkOf(machine: string): string {
  return `${machine.slice(0, 13)}-h`;
}

/** A program of the test's in another namespace. */
export interface Outpost {
  /** Says a word there and gives what came back, the code of the error, or `timeout`. */
  call(kind: Call['kind'], host: string, port: number, limitMs?: number): Promise<string>;
  /** From then on it answers datagrams at the port, of every address or of one, with what they say. */
  echoAt(port: number, host?: string): Promise<void>;
  /** From then on it answers whoever asks it for names, with these addresses. */
  resolveAt(host: string, names: Readonly<Record<string, string>>): Promise<void>;
  /** What it was asked for names: `198.19.169.2 printer.example.com A`. */
  asked(): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts one; `words` lead into the namespace. */
export function startOutpost(words: readonly string[]): Outpost {
  const [command = '', ...before] = words;
  const program = resolve(import.meta.dirname, 'outpost.ts');
  const child = spawn(command, [...before, process.execPath, program], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  let last = 0;
  const ask = async (errand: Omit<Errand, 'number'>) => {
    const number = ++last;
    const answer = answered(child, number);
    child.send({ ...errand, number });
    return answer;
  };
  const begin = async (port: number, errand: Omit<Errand, 'number'>) => {
    const text = await ask(errand);
    if (text !== 'ready') throw new Error(`nothing answers at ${port}: ${text}`);
  };
  return {
    call: (kind, host, port, limitMs = 5_000) => ask({ call: { kind, host, port, limitMs } }),
    echoAt: (port, host = '0.0.0.0') => begin(port, { echoAt: { port, host } }),
    resolveAt: (host, names) => begin(53, { resolveAt: { host, names } }),
    asked: async () => (await ask({ asked: true })).split('\n'),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function answered(child: ChildProcess, number: number): Promise<string> {
  const { promise, resolve: give, reject } = Promise.withResolvers<string>();
  const hear = (message: unknown) => {
    const { number: of, text } = message as { number: number; text: string };
    if (of === number) give(text);
  };
  const ended = () => reject(new Error('the program in the other namespace ended'));
  child.on('message', hear).once('exit', ended);
  return promise.finally(() => child.off('message', hear).off('exit', ended));
}
