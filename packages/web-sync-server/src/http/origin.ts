/**
 * True if a request may be answered as far as its origin goes: our own pages, pages of the allowed origins, and programs that are no
 * browser. With the exact content type and our own header this keeps other sites from asking with the user's cookies.
 */
export function isOriginAllowed(request: Request, allowedOrigins: readonly string[]): boolean {
  const origin = request.headers.get('origin')
  if (origin !== null && allowedOrigins.includes(origin)) return true
  const site = request.headers.get('sec-fetch-site')
  // The browser's own word, which no page can forge; the host may have been rewritten by a proxy on the way (Vite's does so).
  if (site === 'same-origin') return true
  if (site !== null && site !== 'none') return false
  return origin === null || isSameHost(origin, request.url)
}

/** The scheme is left out: behind a proxy that ends TLS this side sees http. */
function isSameHost(origin: string, url: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === new URL(url).host
}

/** Lets a page of an allowed origin read the answer (CORS). */
export function allowReading(response: Response, request: Request, allowedOrigins: readonly string[]): Response {
  const origin = request.headers.get('origin')
  if (origin === null || !allowedOrigins.includes(origin)) return response
  response.headers.set('access-control-allow-origin', origin)
  response.headers.set('access-control-allow-credentials', 'true')
  response.headers.set('access-control-expose-headers', 'web-sync-protocol, retry-after')
  response.headers.append('vary', 'origin')
  return response
}

/** Answers the question that a browser asks before a request to another origin. */
export function preflightResponse(request: Request): Response {
  const headers = new Headers({
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': request.headers.get('access-control-request-headers') ?? '',
    'access-control-max-age': '600',
  })
  return new Response(null, { status: 204, headers })
}
