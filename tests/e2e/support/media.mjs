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
