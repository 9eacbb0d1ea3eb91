import { html } from 'hono/html';

const STYLE = `body{font:16px/1.6 system-ui,sans-serif;max-width:38rem;margin:12vh auto;padding:0 1.5rem;color-scheme:light dark}
button,.button{font:inherit;font-weight:600;padding:.6rem 1.2rem;border:0;border-radius:.5rem;background:#1f883d;color:#fff;cursor:pointer;text-decoration:none;display:inline-block}
input{font:inherit;padding:.5rem;border:1px solid #8888;border-radius:.5rem}form{margin:1.2rem 0}code{background:#8883;padding:.1rem .3rem;border-radius:.3rem}`;

/** A page of the bot's own: plain, without a script, and with nothing from anywhere else. */
export function page(title: string, body: ReturnType<typeof html>): string {
  return String(
    html`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>
        ${STYLE}
      </style><h1>${title}</h1>${body}</html>`,
  );
}
