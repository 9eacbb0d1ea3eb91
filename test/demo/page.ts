import { get } from 'node:http';

/** Asks for a page through the edge; the name need not resolve. */
export function pageTitle(url: string, edge: string): Promise<{ status: number; title: string }> {
  const [host = '', port = ''] = edge.split(':');
  return new Promise((done, fail) => {
    get(
      { host, port: Number(port), path: '/', headers: { host: new URL(url).host }, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          const title = /<title>([^<]*)<\/title>/i.exec(text)?.[1] ?? text.slice(0, 80);
          done({ status: response.statusCode ?? 0, title: title.trim() });
        });
      },
    ).on('error', fail);
  });
}
