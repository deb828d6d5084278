import { readdir, readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'

/** Nothing but the app's own files, and no text ever becomes code: the library must work under this. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "require-trusted-types-for 'script'",
  'report-uri /csp-report',
].join('; ')

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript' }

/** The built test app; null if it has no such file. What follows `?` is added to the script as a comment: other bytes, the same code. */
export async function serveSite(site: string, address: string): Promise<Response | null> {
  const [pathname = '/', mark] = address.split('?')
  const file = join(site, extname(pathname) === '' ? 'index.html' : pathname)
  const type = TYPES[extname(file)]
  if (type === undefined || !file.startsWith(site + sep)) return null
  try {
    const content = await readFile(file, 'utf8')
    return new Response(mark === undefined ? content : `${content}\n// ${mark}\n`, {
      headers: {
        'content-type': type,
        'content-security-policy': POLICY,
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
      },
    })
  } catch {
    return null
  }
}

/** The addresses of all its files: what its service worker keeps for use offline. */
export async function listSite(site: string): Promise<readonly string[]> {
  const entries = await readdir(site, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(site.length).replaceAll(sep, '/'))
}
