/** A page as a person gets it: with curl where there is one, otherwise by the demo itself. */
import { readFile } from 'node:fs/promises';
import { get as getPlainly } from 'node:http';
import { get } from 'node:https';
import { find } from '../world/private-engine.ts';
import type { DemoBot } from './bot.ts';
import { line, run } from './show.ts';

interface Page {
  readonly status: number;
  readonly text: string;
}

/**
 * Asks for a page by its name and shows what was asked and the title of what came. Over HTTPS the bot's own authority is trusted,
 * and nobody else. Throws when it is not the page that is expected.
 */
export async function showPage(
  url: string,
  { bot, signal, expected }: { bot: DemoBot; signal: AbortSignal; expected: string },
): Promise<void> {
  const trust = url.startsWith('https:') ? ['--cacert', bot.authorityFile] : [];
  const hasCurl = find('curl') !== undefined;
  line(
    `$ ${['curl', ...trust, url].join(' ')}${hasCurl ? '' : '   (no curl here: asked by the demo itself)'}`,
  );
  const { status, text } = hasCurl ? await byCurl(url, trust, signal) : await byDemo(url, bot);
  const title = /<title>([^<]*)<\/title>/i.exec(text)?.[1] ?? text.slice(0, 80);
  const seen = `${status}  ${title.trim()}`;
  line(`  ${seen}`);
  if (seen !== expected) throw new Error(`the page says "${seen}" instead of "${expected}"`);
}

async function byCurl(url: string, trust: readonly string[], signal: AbortSignal): Promise<Page> {
  const { hostname, port } = new URL(url);
  // An older curl asks a resolver for names that newer ones, as browsers, know to be this machine.
  const way = ['--resolve', `${hostname}:${port}:127.0.0.1`, '--noproxy', '*'];
  const words = ['curl', '-sS', '--max-time', '10', '-w', '\n%{http_code}', ...way, ...trust, url];
  const { output } = await run(words, { cwd: process.cwd(), signal });
  const end = output.trimEnd().lastIndexOf('\n');
  return { status: Number(output.slice(end)), text: output.slice(0, end).trim() };
}

async function byDemo(url: string, bot: DemoBot): Promise<Page> {
  const { hostname, port, protocol, host } = new URL(url);
  const place = { host: '127.0.0.1', port, path: '/', headers: { host }, agent: false };
  const ca = protocol === 'https:' ? await readFile(bot.authorityFile) : '';
  const asked = ca ? get({ ...place, ca, servername: hostname }) : getPlainly(place);
  return new Promise((done, fail) => {
    asked.on('error', fail).on('response', async (response) => {
      const text = Buffer.concat(await Array.fromAsync(response)).toString();
      done({ status: response.statusCode ?? 0, text });
    });
  });
}
