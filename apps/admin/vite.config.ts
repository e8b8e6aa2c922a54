// Vite configuration: builds the page into dist/, which the API serves, and runs the development server.
import { defineConfig } from 'vite'

/** The API for `npm run dev`: the address that npm start prints. */
const API = 'http://localhost:8080'

export default defineConfig({
  // The page's Content-Security-Policy allows no inlined files.
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      onLog(level, log, handle) {
        // "use client" matters only to servers that render React.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log)
      },
    },
  },
  server: { proxy: { '/v1': API, '/auth/config.json': API } },
})
