import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** Builds the viewer into the folder the compiled server serves it from. */
export default defineConfig({
  root: fileURLToPath(new URL('src/viewer', import.meta.url)),
  // Relative, so that the page also works below a path of a reverse proxy.
  base: './',
  build: {
    outDir: fileURLToPath(new URL('dist/viewer', import.meta.url)),
    emptyOutDir: true,
    target: 'es2022',
    // The content security policy allows no data: scripts, and the one stylesheet is better cached than inlined.
    assetsInlineLimit: 0,
    modulePreload: false,
    reportCompressedSize: false,
  },
});
