import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    // The hub sends `default-src 'self'`: an asset inlined as a data: URL would
    // be refused anywhere but in an image.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/api': 'http://127.0.0.1:3012' },
  },
  test: { environment: 'node', include: ['src/**/*.test.{ts,tsx}'] },
});
