import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { systemClock } from './clock.ts';
import { readDisplay, readEnvironment, readSettings, settingsPage } from './config.ts';
import { systemCodeOf } from './failure.ts';
import { type Prices, pricesFrom } from './metering/index.ts';
import { createLog } from './observability/index.ts';
import { packageFile } from './package.ts';
import { findBot, Interruption, keyboardOn, runCli, screenOn, startFailure } from './surfaces/cli/index.ts';

const interrupted = new AbortController();
// Once each: what does not end on the first Ctrl-C ends on the second.
process.once('SIGINT', () => interrupted.abort(new Interruption(130)));
process.once('SIGTERM', () => interrupted.abort(new Interruption(143)));

// In `katabot logs hello --follow | head`, whoever reads has seen enough at some moment. The bot itself goes on.
const unread = new AbortController();
process.stdout.on('error', (error) => {
  if (systemCodeOf(error) !== 'EPIPE') throw error;
  unread.abort();
});

process.exitCode = await runCli(process.argv.slice(2), {
  clock: systemClock,
  out: screenOn(process.stdout, readDisplay(process.stdout.isTTY)),
  error: screenOn(process.stderr, readDisplay(process.stderr.isTTY)),
  keyboard: keyboardOn(process.stdin),
  readFile: (path) => readFile(path),
  bot: () => findBot(readEnvironment()),
  loginFile: () => readEnvironment().loginFile,
  prices,
  serve,
  tokens,
  signal: AbortSignal.any([interrupted.signal, unread.signal]),
  version: () => JSON.parse(readFileSync(packageFile('package.json'), 'utf8')).version,
  pages: { settings: settingsPage },
});

/** Those of the settings, for the location that a group goes to; ACI's published ones where nothing is said. */
function prices(location: string | undefined): Prices {
  const { locations } = readSettings(readEnvironment());
  return pricesFrom(locations[location ?? Object.keys(locations)[0] ?? '']?.prices ?? {});
}

/** Runs the bot until it is told to stop. Its parts are loaded here: the rest of the command line starts without them. */
async function serve(): Promise<number> {
  const environment = readEnvironment();
  const settings = readSettings(environment);
  const { dataFolder, dockerHost, logLevel } = environment;
  const { createApp } = await import('./app.ts');
  const parts = { clock: systemClock, log: createLog(logLevel), dataFolder, dockerHost };
  const app = await createApp(settings, parts).catch((error: unknown) => {
    throw startFailure(error, dataFolder);
  });
  await app.start().catch(async (error: unknown) => {
    await app.close();
    throw startFailure(error, dataFolder);
  });
  const scheme = settings.http.tls ? 'https' : 'http';
  process.stdout.write(
    `katabot listens on ${scheme}://${app.addresses.http} (edge: http://${app.addresses.edge})\n`,
  );
  if (app.addresses.edgeTls) process.stdout.write(`names over https at ${app.addresses.edgeTls}\n`);
  await new Promise<void>((resolve) => {
    if (interrupted.signal.aborted) resolve();
    interrupted.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await app.close();
  return 0;
}

async function tokens() {
  const { dataFolder } = readEnvironment();
  const { openTokens } = await import('./app.ts');
  return openTokens(dataFolder, systemClock).catch((error: unknown) => {
    throw startFailure(error, dataFolder);
  });
}
