import { readFile } from 'node:fs/promises'
import { extname, join, normalize, sep } from 'node:path'

/**
 * What the demo may do: nothing but its own scripts, styles, images and requests, and no text ever becomes code. The library must work
 * under this, so the demo is served with it.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'report-uri /demo/csp-report',
].join('; ')

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
  '.json': 'application/json',
}

/** Serves the built demo: the page for every address without a file ending; null if there is no such file. */
export async function serveFile(site: string, pathname: string): Promise<Response | null> {
  const isPage = extname(pathname) === ''
  const file = join(site, isPage ? 'index.html' : normalize(decodePath(pathname)))
  const type = CONTENT_TYPES[extname(file)]
  if (!file.startsWith(site + sep) || type === undefined) return null
  let content: Buffer
  try {
    content = await readFile(file)
  } catch {
    return null
  }
  return new Response(new Uint8Array(content), {
    headers: {
      'content-type': type,
      // Names with a hash never change; the page and the service worker must be asked for anew each time.
      'cache-control': pathname.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    },
  })
}

function decodePath(pathname: string): string {
  try {
    return decodeURIComponent(pathname)
  } catch {
    return pathname
  }
}
