// What the fake cameras and microphones play: one colour a side, and speech in bursts with silence between.
import { execFileSync } from 'node:child_process';
import { openSync, writeSync, closeSync, readFileSync, writeFileSync } from 'node:fs';

const WIDTH = 640;
const HEIGHT = 360;
const FPS = 15;
const RATE = 48_000;

/** A field of one colour (Y, U, V) with a bar that wanders, so that every frame differs. */
export function writeCamera(path, [y, u, v], seconds = 2) {
  const file = openSync(path, 'w');
  writeSync(file, `YUV4MPEG2 W${WIDTH} H${HEIGHT} F${FPS}:1 Ip A1:1 C420jpeg\n`);
  const chroma = (WIDTH * HEIGHT) / 4;
  for (let n = 0; n < seconds * FPS; n++) {
    const luma = Buffer.alloc(WIDTH * HEIGHT, y);
    const left = Math.floor((n / (seconds * FPS)) * (WIDTH - 40));
    for (let row = 300; row < 340; row++) luma.fill(235, row * WIDTH + left, row * WIDTH + left + 40);
    // A little sensor noise: without it a fake picture compresses to nothing.
    for (let i = 0; i < 4_000; i++) luma[(i * 7_919 + n * 104_729) % luma.length] ^= 6;
    writeSync(file, 'FRAME\n');
    writeSync(file, luma);
    writeSync(file, Buffer.alloc(chroma, u));
    writeSync(file, Buffer.alloc(chroma, v));
  }
  closeSync(file);
}

/** Speech and silence in turn. The browser plays the file round and round. */
export function writeMicrophone(path, { voice, words, speak, silent }) {
  const spoken = speech(path, voice, words);
  const on = Math.round(speak * RATE);
  const off = Math.round(silent * RATE);
  const samples = new Int16Array(on + off);
  for (let i = 0; i < on; i++) {
    const fade = Math.min(1, i / 480, (on - i) / 480);
    samples[i] = Math.round((spoken[i % spoken.length] ?? 0) * fade);
  }
  writeFileSync(path, wav(samples));
}

function speech(path, voice, words) {
  const raw = `${path}.raw.wav`;
  execFileSync('espeak-ng', ['-v', voice, '-s', '150', '-a', '180', '-w', raw, words]);
  const bytes = readFileSync(raw);
  const data = bytes.indexOf('data') + 8;
  const rate = bytes.readUInt32LE(24);
  const pcm = new Int16Array(bytes.buffer.slice(bytes.byteOffset + data, bytes.byteOffset + data + (bytes.length - data - ((bytes.length - data) % 2))));
  // Pauses of the speaker are cut out: a burst is meant to be heard from end to end.
  const dense = [];
  const window = Math.round(rate * 0.03);
  for (let i = 0; i + window < pcm.length; i += window) {
    const part = pcm.subarray(i, i + window);
    if (part.reduce((sum, x) => sum + Math.abs(x), 0) / window > 400) dense.push(...part);
  }
  return Int16Array.from({ length: Math.floor((dense.length * RATE) / rate) }, (_, i) => dense[Math.floor((i * rate) / RATE)] ?? 0);
}

function wav(samples) {
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE, 24);
  head.writeUInt32LE(RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer)]);
}

/** A camera that shows a drawing: `page` paints it, a breath of motion keeps the frames apart. */
export async function writeScene(path, page, svg, frames = 12) {
  const file = openSync(path, 'w');
  writeSync(file, `YUV4MPEG2 W${WIDTH} H${HEIGHT} F${FPS}:1 Ip A1:1 C420jpeg\n`);
  for (let n = 0; n < frames; n++) {
    const shift = 2 * Math.sin((n / frames) * 2 * Math.PI);
    const text = await page.evaluate(async ([drawing, dy, w, h]) => {
      const image = new Image();
      image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(drawing)}`;
      await image.decode();
      const canvas = Object.assign(document.createElement('canvas'), { width: w, height: h });
      const pen = canvas.getContext('2d');
      pen.drawImage(image, -4, dy - 4, w + 8, h + 8);
      const pixels = pen.getImageData(0, 0, w, h).data;
      let out = '';
      for (let i = 0; i < pixels.length; i += 32_768) out += String.fromCharCode(...pixels.subarray(i, i + 32_768));
      return btoa(out);
    }, [svg, shift, WIDTH, HEIGHT]);
    const rgba = Buffer.from(text, 'base64');
    const luma = Buffer.alloc(WIDTH * HEIGHT);
    const blue = Buffer.alloc(luma.length / 4);
    const red = Buffer.alloc(luma.length / 4);
    for (let y = 0; y < HEIGHT; y++) {
      for (let x = 0; x < WIDTH; x++) {
        const at = (y * WIDTH + x) * 4;
        const [r, g, b] = [rgba[at], rgba[at + 1], rgba[at + 2]];
        luma[y * WIDTH + x] = Math.round(0.299 * r + 0.587 * g + 0.114 * b);
        if (y % 2 || x % 2) continue;
        const half = (y / 2) * (WIDTH / 2) + x / 2;
        blue[half] = Math.max(0, Math.min(255, Math.round(128 - 0.168_7 * r - 0.331_3 * g + 0.5 * b)));
        red[half] = Math.max(0, Math.min(255, Math.round(128 + 0.5 * r - 0.418_7 * g - 0.081_3 * b)));
      }
    }
    writeSync(file, 'FRAME\n');
    for (const plane of [luma, blue, red]) writeSync(file, plane);
  }
  closeSync(file);
}
