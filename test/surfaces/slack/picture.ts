/**
 * `node test/surfaces/slack/picture.ts FOLDER [NAME]` writes what the bot shows in Slack as pages and, where Chromium is installed,
 * as pictures in light and dark: the message of a deployment at each stage, answers, the form, the home tab, the chart. Not
 * a test: it is looked at.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Block, chart } from '../../../src/replies/index.ts';
import {
  deployModal,
  fallback,
  helpMessage,
  homeView,
  rootMessage,
  threadReply,
  usageError,
} from '../../../src/surfaces/slack/message/index.ts';
import { HOUR } from '../../replies/chart-series.ts';
import { htmlOf, modalHtml, PAGE_STYLE } from './page.ts';
import { IDS, STAGES } from './stages.ts';
import { FORM, HOME } from './views.ts';

const folder = resolve(process.argv[2] ?? 'docs/pictures');
mkdirSync(folder, { recursive: true });

const { png, alt } = await chart(HOUR);
writeFileSync(join(folder, 'slack-chart.png'), png);

const deploying = STAGES.find(([name]) => name === 'deploying')?.[1];
const stages = STAGES.map(([name, view]) => [name, htmlOf(rootMessage(view, IDS).blocks)] as const);
photograph('slack-message-1', 760, stages.slice(0, 6).map(messageHtml));
photograph('slack-message-2', 760, stages.slice(6).map(messageHtml));
photograph('slack-thread', 760, [
  ...(deploying
    ? [messageHtml(['where a workspace refuses plans', htmlOf(fallback(rootMessage(deploying, IDS)).blocks)])]
    : []),
  ...threads().map(messageHtml),
  messageHtml([
    'usage',
    `<p>Usage of the last hour</p><img class="chart" alt="${alt}" src="data:image/png;base64,${Buffer.from(png).toString('base64')}">`,
  ]),
]);
photograph('slack-modal', 600, [modalHtml(deployModal(FORM))]);
photograph('slack-home', 860, [`<div class="home">${htmlOf(homeView(HOME).blocks)}</div>`]);

function threads(): (readonly [string, string])[] {
  const logs: Block[] = Array.from({ length: 40 }, (_, index) => ({
    kind: 'log',
    source: 'api',
    text: `14:02:${String(index + 10)} GET /cart 200 in ${3 + (index % 9)} ms`,
  }));
  const { blocks, file } = threadReply(logs, 'shop.log');
  return [
    [
      'logs',
      `${htmlOf(blocks)}${file ? `<div class="file">📄 <b>${file.name}</b><br><i>Plain text · ${file.text.length} bytes</i></div>` : ''}`,
    ],
    [
      'status',
      htmlOf(
        threadReply([
          { kind: 'heading', text: 'shop · staging' },
          { kind: 'field', label: 'state', text: 'Running' },
          { kind: 'field', label: 'price', text: '$0.0002410 /s   $0.8700 /h' },
          { kind: 'field', label: 'cost', text: '$0.41 in 28 m 12 s · `/kata cost shop`' },
          {
            kind: 'table',
            columns: ['container', 'state', 'restarts', 'image'],
            rows: [
              ['api', 'Running', '0', 'shop/api:1.9.0'],
              ['proxy', 'Running', '1', 'shop/proxy:2'],
            ],
          },
        ]).blocks,
      ),
    ],
    [
      'a line that was not understood',
      htmlOf(
        usageError(
          {
            kind: 'invalid',
            code: 'usage',
            blocks: [
              { kind: 'stage', mark: 'failed', label: 'usage', text: 'There is no verb "depoly".' },
              { kind: 'verbatim', text: '/kata depoly shop to staging\n      ^^^^^^' },
              { kind: 'text', text: '→ Did you mean: /kata deploy shop to staging' },
            ],
            data: { advice: 'Did you mean: /kata deploy shop to staging' },
          },
          IDS,
        ).blocks,
      ),
    ],
    [
      'help',
      htmlOf(helpMessage({ surface: 'github', refused: { rollback: 'takes the right deployer' } }).blocks),
    ],
  ];
}

function messageHtml([name, html]: readonly [string, string]): string {
  return `<h2>${name}</h2><article><div class="face">K</div><div class="body"><div class="who"><b>Katabot</b> <i>APP</i> <span>2:03 PM</span></div>${html}</div></article>`;
}

function photograph(name: string, width: number, parts: readonly string[]): void {
  if (process.argv[3] && process.argv[3] !== name) return;
  const page = join(folder, `${name}.html`);
  writeFileSync(
    page,
    `<!doctype html><meta charset="utf-8"><title>${name}</title><style>${PAGE_STYLE}</style><main>${parts.join('')}</main>\n`,
  );
  const height = heightOf(page, width);
  for (const mode of ['light', 'dark']) {
    const picture = join(folder, `${name}-${mode}.png`);
    const { error, status } = spawnSync('chromium', [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--hide-scrollbars',
      ...(mode === 'dark' ? ['--blink-settings=preferredColorScheme=0'] : []),
      `--window-size=${width},${height}`,
      `--screenshot=${picture}`,
      pathToFileURL(page).href,
    ]);
    process.stdout.write(
      error || status ? `${mode}: no picture (${error?.message ?? status})\n` : `${picture}\n`,
    );
  }
  rmSync(page);
}

/** How high the page is at that width: it says so in its title. */
function heightOf(page: string, width: number): number {
  const { stdout } = spawnSync('chromium', [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    `--window-size=${width},600`,
    '--virtual-time-budget=2000',
    '--dump-dom',
    pathToFileURL(page).href,
  ]);
  return Number(/data-height="(\d+)"/.exec(String(stdout))?.[1] ?? 3_000);
}
