import { defineConfig } from 'vite'
import { webSync } from 'web-sync/vite'

export default defineConfig({
  plugins: [webSync({ serviceWorker: 'src/sw.ts' })],
  server: { proxy: { '/sync': 'http://127.0.0.1:8787' } },
})
