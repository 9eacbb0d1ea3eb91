/**
 * `node test/surfaces/github/picture.ts FOLDER` writes the comment of a pull request at each stage as a page and, where
 * Chromium is installed, as pictures in light and dark. Not a test: it is looked at.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { stickyComment } from '../../../src/surfaces/github/sticky-comment.ts';
import { STAGES } from './stages.ts';

const WIDTH = 980;
const HEIGHT = 4_390;

const STYLE = `
:root { color-scheme: light; --page: #f6f8fa; --box: #fff; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --code: #818b981f; --link: #0969da; }
@media (prefers-color-scheme: dark) { :root { color-scheme: dark; --page: #010409; --box: #0d1117; --ink: #f0f6fc; --soft: #9198a1; --line: #3d444d; --code: #656c7633; --link: #4493f8; } }
body { margin: 0; padding: 28px; background: var(--page); color: var(--ink); font: 14px/1.5 -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif, "Noto Color Emoji"; }
h2 { margin: 26px 0 8px; font-size: 13px; font-weight: 600; color: var(--soft); }
h2:first-child { margin-top: 0; }
article { border: 1px solid var(--line); border-radius: 8px; background: var(--box); overflow: hidden; }
header { padding: 9px 16px; border-bottom: 1px solid var(--line); background: var(--page); color: var(--soft); }
header b { color: var(--ink); } header i { font-style: normal; border: 1px solid var(--line); border-radius: 2em; padding: 0 7px; font-size: 12px; }
section { padding: 16px; } section > :first-child { margin-top: 0; } section > :last-child { margin-bottom: 0; }
h4 { font-size: 14px; font-weight: 600; margin: 16px 0; } p, ul, table, pre, details { margin: 0 0 14px; } ul { padding-left: 2em; } li + li { margin-top: 3px; }
code { font: 85%/1.45 ui-monospace, "DejaVu Sans Mono", monospace; background: var(--code); border-radius: 6px; padding: .2em .4em; }
pre { background: var(--page); border-radius: 6px; padding: 14px; overflow: auto; } pre code { background: none; padding: 0; }
table { border-collapse: collapse; display: block; overflow: auto; } th, td { border: 1px solid var(--line); padding: 6px 13px; text-align: left; } tr:nth-child(2n) td { background: var(--page); }
blockquote { margin: 0 0 14px; padding: 0 1em; color: var(--soft); border-left: .25em solid var(--line); } blockquote p { margin: 0; }
a { color: var(--link); text-decoration: none; } sub { font-size: 12px; color: var(--soft); vertical-align: baseline; } summary { cursor: pointer; } del { color: var(--soft); }
`;

const folder = resolve(process.argv[2] ?? 'docs/pictures');
mkdirSync(folder, { recursive: true });
const page = join(folder, 'github-comment.html');
writeFileSync(page, pageOf());
for (const mode of ['light', 'dark']) {
  const picture = join(folder, `github-comment-${mode}.png`);
  const { error, status } = spawnSync('chromium', [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--hide-scrollbars',
    ...(mode === 'dark' ? ['--blink-settings=preferredColorScheme=0'] : []),
    `--window-size=${WIDTH},${HEIGHT}`,
    `--screenshot=${picture}`,
    pathToFileURL(page).href,
  ]);
  process.stdout.write(
    error || status ? `${mode}: no picture (${error?.message ?? status})\n` : `${picture}\n`,
  );
}

function pageOf(): string {
  const stages = STAGES.map(([name, view]) => {
    const html = micromark(stickyComment(view), {
      allowDangerousHtml: true,
      extensions: [gfm()],
      htmlExtensions: [gfmHtml()],
    });
    // The first plan that is ready is shown unfolded.
    const shown = name === 'a plan that is ready' ? html.replace('<details>', '<details open>') : html;
    return `<h2>${name}</h2><article><header><b>katabot</b> <i>bot</i> commented</header><section>${shown}</section></article>`;
  });
  return `<!doctype html><meta charset="utf-8"><title>The comment of a pull request</title><style>${STYLE}</style>${stages.join('')}\n`;
}
