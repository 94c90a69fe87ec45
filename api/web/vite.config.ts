import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));

/** The daemon that a page of `npx vite api/web` asks. */
const DAEMON = process.env['KOMBINATOR_URL'] ?? 'http://127.0.0.1:5260';

/** The page as files of `dist/web`; `deploy/build/build-page.ts` runs it. */
export default defineConfig({
  root: here,
  base: '/ui/',
  resolve: {
    alias: {
      // The canvas is written for React; Preact speaks the same.
      'react-dom': 'preact/compat',
      'react/jsx-runtime': 'preact/jsx-runtime',
      react: 'preact/compat',
    },
  },
  build: {
    outDir: fileURLToPath(new URL('../../dist/web', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // Small files would be written into others as data addresses, which the page's own rules refuse.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  server: { proxy: { '/api': { target: DAEMON, ws: true } } },
});
