import { access, chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import * as z from 'zod';
import { packageFile } from '../../package.ts';
import type { Quarantine } from '../../repositories/index.ts';

/** What a hook tells the bot. */
export interface HookCall {
  readonly hook: 'pre-receive' | 'post-receive';
  /** The one-time name of the push; nothing else identifies it. */
  readonly push: string;
  readonly refs: readonly { readonly before: string; readonly after: string; readonly ref: string }[];
  readonly quarantine: Quarantine;
  /** What was given with `git push -o`. */
  readonly options: readonly string[];
}

export interface Hooks {
  /** For git's `core.hooksPath`. */
  readonly folder: string;
  readonly socket: string;
  /** Whether all of it still lies there. git takes a hook that is gone for one that agrees. */
  whole(): Promise<boolean>;
  close(): Promise<void>;
}

const HOOKS = ['pre-receive', 'post-receive'] as const;
const MOST_CALL_BYTES = 1_048_576;

/**
 * Makes the hooks and listens for them. Socket and hooks lie in a folder that only this user may enter, and go with `close`.
 * `answer` says lines as they come and gives the exit code of the hook.
 */
export async function openHooks(
  parent: string,
  answer: (call: HookCall, say: (text: string) => void) => Promise<number>,
): Promise<Hooks> {
  const root = await mkdtemp(join(parent, 'katabot-hooks-')); // made with mode 0700
  const folder = join(root, 'hooks');
  const socket = join(root, 'bot.sock');
  await mkdir(folder);
  const program = packageFile('src/surfaces/git/hook.mjs');
  for (const hook of HOOKS) {
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
    whole: () =>
      Promise.all([...HOOKS.map((hook) => join(folder, hook)), socket].map((path) => access(path))).then(
        () => true,
        () => false,
      ),
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
    connection.resume(); // a hook that ends is noticed only by who reads on
    const code = await answer(call, (text) => tell({ text }));
    tell({ code });
  } catch {
    tell({ text: 'katabot: this push cannot be read' });
    tell({ code: 1 });
  }
  connection.end();
}

async function firstLine(connection: Socket): Promise<string> {
  let text = '';
  for await (const chunk of connection.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.length > MOST_CALL_BYTES) throw new Error('a hook said too much');
    if (text.includes('\n')) return text.slice(0, text.indexOf('\n'));
  }
  throw new Error('a hook said nothing');
}

// Whatever stands after the second blank is the name: a blank of Unicode in it must not hide a ref from the check.
const REF_LINE = /^([0-9a-f]{40}) ([0-9a-f]{40}) (refs\/.+)$/s;

const callSchema = z.object({
  hook: z.enum(HOOKS),
  push: z.string(),
  refs: z.string().transform((text) => text.split('\n').filter(Boolean).map(parseRef)),
  options: z.array(z.string()).default([]),
  quarantine: z.object({
    GIT_OBJECT_DIRECTORY: z.string().optional(),
    GIT_ALTERNATE_OBJECT_DIRECTORIES: z.string().optional(),
  }),
});

/** Throws for anything that is not understood: a ref that is not looked at must not move. */
function parseCall(line: string): HookCall {
  const { quarantine, ...call } = callSchema.parse(JSON.parse(line));
  const { GIT_OBJECT_DIRECTORY, GIT_ALTERNATE_OBJECT_DIRECTORIES } = quarantine;
  return {
    ...call,
    quarantine: {
      ...(GIT_OBJECT_DIRECTORY === undefined ? {} : { GIT_OBJECT_DIRECTORY }),
      ...(GIT_ALTERNATE_OBJECT_DIRECTORIES === undefined ? {} : { GIT_ALTERNATE_OBJECT_DIRECTORIES }),
    },
  };
}

function parseRef(line: string): HookCall['refs'][number] {
  const [, before = '', after = '', ref = ''] = REF_LINE.exec(line) ?? [];
  if (!ref) throw new Error('a hook said something else than a ref');
  return { before, after, ref };
}
