import { readFile } from 'node:fs/promises';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

let ready: Promise<Uint8Array[]> | undefined;

/** An SVG as PNG, with the font Inter. */
export async function pngOf(svg: string, width: number): Promise<Uint8Array> {
  ready ??= prepared();
  const fontBuffers = await ready;
  const picture = new Resvg(svg, {
    fitTo: { mode: 'width', value: width },
    font: { fontBuffers, defaultFontFamily: 'Inter', sansSerifFamily: 'Inter', loadSystemFonts: false },
  });
  try {
    const drawn = picture.render();
    const png = drawn.asPng();
    drawn.free();
    return png;
  } finally {
    picture.free();
  }
}

/** A container has no fonts of its own. */
async function prepared(): Promise<Uint8Array[]> {
  const packaged = (url: string) => readFile(new URL(url));
  await initWasm(await packaged(import.meta.resolve('@resvg/resvg-wasm/index_bg.wasm')));
  return Promise.all([
    packaged(import.meta.resolve('@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf')),
    packaged(import.meta.resolve('@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf')),
  ]);
}
