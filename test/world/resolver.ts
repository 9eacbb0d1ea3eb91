/** A resolver that answers what a test has told it. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Answer, decode, encode } from 'dns-packet';

export type Told =
  | { readonly alias: string }
  | { readonly address: string }
  | { readonly text: string }
  | 'fails';

export interface PretendResolver {
  /** `127.44.0.1:40000` */
  readonly address: string;
  /** What it says of a name from now on; nothing: there is no such name. */
  put(name: string, told: Told | undefined): void;
  /** What it was asked: `198.19.169.2 printer.example.com A`, in the order in which it came. */
  readonly asked: readonly string[];
  stop(): Promise<void>;
}

const [NAME_ERROR, SERVER_FAILURE] = [3, 2];
const LONGEST_CHAIN = 8;

export async function startPretendResolver(host: string, at = 0): Promise<PretendResolver> {
  const names = new Map<string, Told>();
  const asked: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (message, { address, port }) => {
    const { id = 0, questions = [] } = decode(message);
    const { name = '', type = 'A' } = questions[0] ?? {};
    asked.push(`${address} ${name} ${type}`);
    const { code, answers } = answerTo(names, name.toLowerCase(), type);
    const reply = encode({ type: 'response', id, flags: 0x180 | code, questions, answers });
    socket.send(reply, port, address);
  });
  socket.bind(at, host);
  await once(socket, 'listening');
  return {
    address: `${host}:${socket.address().port}`,
    put(name, told) {
      if (told === undefined) names.delete(name);
      else names.set(name, told);
    },
    asked,
    async stop() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

/** As a resolver does it: the aliases on the way, and the record at their end. */
function answerTo(
  names: ReadonlyMap<string, Told>,
  asked: string,
  type: string,
): { code: number; answers: Answer[] } {
  const answers: Answer[] = [];
  let name = asked;
  while (answers.length < LONGEST_CHAIN) {
    const told = names.get(name);
    if (told === 'fails') return { code: SERVER_FAILURE, answers: [] };
    if (told === undefined) return { code: NAME_ERROR, answers };
    if ('address' in told) {
      if (type === 'A') answers.push({ name, type: 'A', ttl: 0, data: told.address });
      break;
    }
    if ('text' in told) {
      if (type === 'TXT')
        answers.push({ name, type: 'TXT', ttl: 0, data: [told.text.slice(0, 9), told.text.slice(9)] });
      break;
    }
    answers.push({ name, type: 'CNAME', ttl: 0, data: told.alias });
    if (type === 'CNAME') break;
    name = told.alias.toLowerCase();
  }
  return { code: 0, answers };
}
