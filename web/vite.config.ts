import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { constants, gzipSync } from 'node:zlib';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Lays a `.gz` beside every text file of the build, so that the server never compresses while it carries calls. */
function compressed(): Plugin {
  let out = 'dist';
  return {
    name: 'compressed',
    apply: 'build',
    configResolved(config) {
      out = join(config.root, config.build.outDir);
    },
    closeBundle() {
      const walk = (folder: string): void => {
        for (const name of readdirSync(folder)) {
          const path = join(folder, name);
          if (statSync(path).isDirectory()) walk(path);
          else if (/\.(js|css|html|svg|json|webmanifest)$/.test(name)) {
            writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: constants.Z_BEST_COMPRESSION }));
          }
        }
      };
      walk(out);
    },
  };
}

const server = process.env['CAUSEWAY_SERVER'] ?? 'https://localhost:8443';

export default defineConfig({
  plugins: [svelte(), compressed()],
  build: {
    // Township PCs run Chromium 100 to 110.
    target: 'chrome100',
    cssTarget: 'chrome100',
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  // The server takes requests from its own origin only, so the proxy speaks as it.
  server: {
    proxy: { '/api': { target: server, secure: false, changeOrigin: true, ws: true, headers: { origin: server } } },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
