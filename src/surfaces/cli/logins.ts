import { readFileSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import * as z from 'zod';
import { Failure, messageOf, systemCodeOf } from '../../failure.ts';
import type { Bot } from './parts.ts';

const loginsSchema = z.strictObject({
  bots: z.array(z.strictObject({ url: z.string(), token: z.string() })),
});

/** What the variables say, and the token that a bot on this machine leaves for its own people. */
export interface Known {
  /** '' when nothing is said; so are the others. */
  readonly url: string;
  readonly token: string;
  readonly localToken: string;
  readonly loginFile: string;
}

/** Where a bot is when nobody says. */
export const LOCAL_URL = 'http://127.0.0.1:7070';

/** The bot to ask: variables first, then the last login, then the bot on this machine. Each token goes to its own bot. */
export function findBot({ url, token, localToken, loginFile }: Known): Bot {
  if (url && token) return { url, token };
  const logins = readLogins(loginFile);
  const there = url || logins.at(-1)?.url || LOCAL_URL;
  const own = logins.find((login) => login.url === there)?.token;
  return { url: there, token: token || own || (isHere(there) ? localToken : '') };
}

/** Whether an address is this machine's: nobody else gets the token of the bot that runs here. */
export function isHere(url: string): boolean {
  const { hostname } = URL.parse(url) ?? {};
  return hostname !== undefined && /^(127\.[\d.]+|(.+\.)?localhost|\[::1\])$/.test(hostname);
}

/** Bots that somebody logged in to, the last one last. */
export function readLogins(file: string): readonly Bot[] {
  try {
    return loginsSchema.parse(JSON.parse(readFileSync(file, 'utf8'))).bots;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error))) return [];
    throw new Failure('login-unusable', `What \`katabot login\` keeps cannot be read: ${file}.`, {
      advice: 'Remove the file and log in again, or set KATABOT_URL and KATABOT_TOKEN.',
      cause: error,
    });
  }
}

/** Adds a login, or renews it. Others never see half a file, and nobody else may read it. */
export async function keepLogin(file: string, bot: Bot): Promise<void> {
  const bots = [...readLogins(file).filter(({ url }) => url !== bot.url), bot];
  const draft = `${file}.${process.pid}`;
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await writeFile(draft, `${JSON.stringify({ bots }, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw new Failure('login-unusable', `${file} cannot be written: ${messageOf(error)}`, {
      advice: 'Name another folder with XDG_CONFIG_HOME, or set KATABOT_URL and KATABOT_TOKEN.',
      cause: error,
    });
  }
}
