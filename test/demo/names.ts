/** Groups found by their names: where the bot's own name server says that they are, and what answers there. */
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { eventually } from '../world/eventually.ts';
import { find } from '../world/private-engine.ts';
import type { DemoBot } from './bot.ts';
import { line, run } from './show.ts';

const WORD = 'ahoy';
const LIMIT_MS = 10_000;
const ANSWER_LIMIT_MS = 1_000;
/** Of the group that sends back what it hears; as in ACI, no number is used twice. */
const PORTS = { TCP: 7000, UDP: 7001 } as const;

/** A group that sends back whatever it hears, over TCP and over UDP. */
export const PARROT_TEXT = `apiVersion: '2023-05-01'
type: Microsoft.ContainerInstance/containerGroups
name: parrot
location: local
properties:
  osType: Linux
  restartPolicy: Always
  ipAddress:
    type: Public
    dnsNameLabel: parrot
    ports: [{ port: 80 }, { port: ${PORTS.TCP} }, { port: ${PORTS.UDP}, protocol: UDP }]
  containers:
    - name: main
      properties:
        image: katabot/busybox:1
        command:
          - sh
          - -c
          - |
            trap 'exit 0' TERM
            echo 'Say something.' > /www/index.html
            httpd -h /www
            nc -ll -p ${PORTS.TCP} -e cat &
            udp-echo &
            wait
        ports: [{ port: 80 }, { port: ${PORTS.TCP} }, { port: ${PORTS.UDP}, protocol: UDP }]
        resources: { requests: { cpu: 0.1, memoryInGB: 0.1 } }
`;

/** Asks the bot where a name leads, with dig where there is one; shows and gives the address. */
export async function showAddress(name: string, bot: DemoBot, signal: AbortSignal): Promise<string> {
  const [host = '', port = ''] = bot.dns.split(':');
  const words = ['dig', '+short', `@${host}`, '-p', port, name];
  const hasDig = find('dig') !== undefined;
  line(`$ ${words.join(' ')}${hasDig ? '' : '   (no dig here: asked by the demo itself)'}`);
  const said = hasDig
    ? (await run(words, { cwd: process.cwd(), signal })).output.trim()
    : await lookUp(name, bot);
  line(`  ${said}`);
  if (!/^127\.20\.\d+\.\d+$/.test(said)) throw new Error(`the name ${name} leads to "${said}"`);
  return said;
}

/** Says a word to the group of that name, over TCP and over UDP, and shows what it says. */
export async function showEcho(name: string, bot: DemoBot): Promise<void> {
  for (const [kind, say] of [
    ['TCP', sayByTcp],
    ['UDP', sayByUdp],
  ] as const) {
    const address = await lookUp(name, bot);
    // A program that has just been started may not listen yet, and a datagram may get lost.
    const heard = await eventually(() => say(address, AbortSignal.timeout(ANSWER_LIMIT_MS)), LIMIT_MS);
    line(`  ${kind}  ${name}:${PORTS[kind]} at ${address}   said "${WORD}", heard "${heard}"`);
    if (heard !== WORD) throw new Error(`${name} answers "${heard}" over ${kind}`);
  }
}

/** The system's resolver is not told of the demo's names, so the bot is asked itself. */
async function lookUp(name: string, bot: DemoBot): Promise<string> {
  const resolver = new Resolver();
  resolver.setServers([bot.dns]);
  return (await resolver.resolve4(name)).join(' ');
}

async function sayByTcp(host: string, signal: AbortSignal): Promise<string> {
  const socket = connect({ host, port: PORTS.TCP });
  try {
    socket.write(WORD);
    const [heard] = await Promise.race([once(socket, 'data', { signal }), once(socket, 'close')]);
    if (heard instanceof Buffer) return String(heard);
    throw new Error('nobody listens yet');
  } finally {
    socket.destroy();
  }
}

async function sayByUdp(host: string, signal: AbortSignal): Promise<string> {
  const socket = createSocket('udp4');
  try {
    socket.send(WORD, PORTS.UDP, host);
    const [heard] = await once(socket, 'message', { signal });
    return String(heard);
  } finally {
    socket.close();
  }
}
