import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Quarantine } from './repository.ts';

/** What a hook tells the bot. */
export interface HookCall {
  readonly hook: 'pre-receive' | 'post-receive';
  /** The one-time name of the push; nothing else identifies it. */
  readonly push: string;
  readonly refs: readonly { readonly before: string; readonly after: string; readonly ref: string }[];
  readonly quarantine: Quarantine;
}

export interface Hooks {
  /** For git's `core.hooksPath`. */
  readonly folder: string;
  readonly socket: string;
  close(): Promise<void>;
}

const MOST_CALL_BYTES = 1_048_576;

/**
 * Makes the hooks and listens for them. Socket and hooks lie in a folder that only this user may enter, and go with `close`.
 * `answer` says lines as they come and gives the exit code of the hook.
 */
export async function openHooks(
  answer: (call: HookCall, say: (text: string) => void) => Promise<number>,
): Promise<Hooks> {
  const root = await mkdtemp(join(tmpdir(), 'katabot-hooks-')); // made with mode 0700
  const folder = join(root, 'hooks');
  const socket = join(root, 'bot.sock');
  await mkdir(folder);
  const program = fileURLToPath(new URL('hook.mjs', import.meta.url));
  for (const hook of ['pre-receive', 'post-receive']) {
    const file = join(folder, hook);
    await writeFile(file, `#!/bin/sh\nexec ${quoted(process.execPath)} ${quoted(program)} ${hook}\n`);
    await chmod(file, 0o700);
  }
  const server = createServer((connection) => void serveHook(connection, answer));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  return {
    folder,
    socket,
    async close() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(root, { recursive: true, force: true });
    },
  };
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}

async function serveHook(
  connection: Socket,
  answer: (call: HookCall, say: (text: string) => void) => Promise<number>,
): Promise<void> {
  connection.on('error', () => connection.destroy()); // the pusher left; what was begun goes on
  const tell = (message: { text: string } | { code: number }) => {
    if (connection.writable) connection.write(`${JSON.stringify(message)}\n`);
  };
  try {
    const call = parseCall(await firstLine(connection));
    const code = await answer(call, (text) => tell({ text }));
    tell({ code });
  } catch {
    tell({ code: 1 });
  }
  connection.end();
}

async function firstLine(connection: Socket): Promise<string> {
  let text = '';
  for await (const chunk of connection.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.length > MOST_CALL_BYTES) throw new Error('a hook said too much');
    if (text.includes('\n')) return text.slice(0, text.indexOf('\n'));
  }
  throw new Error('a hook said nothing');
}

const REF_LINE = /^([0-9a-f]{40}) ([0-9a-f]{40}) (refs\/\S+)$/;

function parseCall(line: string): HookCall {
  const { hook, push, refs, quarantine } = JSON.parse(line);
  return {
    hook: hook === 'post-receive' ? 'post-receive' : 'pre-receive',
    push: String(push),
    refs: String(refs)
      .split('\n')
      .flatMap((each) => {
        const [, before = '', after = '', ref = ''] = REF_LINE.exec(each) ?? [];
        return ref ? [{ before, after, ref }] : [];
      }),
    quarantine: Object.fromEntries(
      Object.entries(quarantine ?? {}).filter(([, value]) => typeof value === 'string'),
    ),
  };
}
