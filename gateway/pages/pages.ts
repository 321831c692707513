// GET /, /docs and the files that these pages load: the dashboard and the pages of the API. It owns
// paths, caching and the policy that the browser enforces; a PageFiles has the files.
import type { RouteConfig } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { WinnowError } from '../../schemas/errors.ts'
import type { GatewayEnv } from '../http/request-context.ts'
import { addRoute, problems } from '../http/route.ts'
import type { Gateway } from '../http/route.ts'
import type { PageFile, PageFiles } from '../http/dependencies.ts'

/** What a person may open by a link from anywhere: pages that show nothing before they ask. */
export const openPages: readonly string[] = ['/', '/docs', '/docs/']

/**
 * The pages load nothing from elsewhere and send nothing elsewhere. Styles may stand in elements,
 * because charts and Swagger UI set sizes there; scripts may not. Reports of runs are shown in
 * frames of this origin, which sandbox themselves.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "frame-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Adds the pages. They need no key: what they show, they ask for with the key of the reader. */
export function addPageRoutes(app: Gateway, { pages }: { readonly pages: PageFiles }): void {
  const serve =
    (pathOf: (c: Context<GatewayEnv>) => string) =>
    async (c: Context<GatewayEnv>): Promise<Response> =>
      answer(c, await pages.read(pathOf(c)))
  const middleware: MiddlewareHandler<GatewayEnv>[] = []
  addRoute(
    app,
    { ...getDashboard, middleware },
    serve(() => 'index.html'),
  )
  addRoute(
    app,
    { ...getAsset, middleware },
    serve((c) => `assets/${c.req.param('file')!}`),
  )
  addRoute(
    app,
    { ...getDocs, middleware },
    serve(() => 'docs/index.html'),
  )
  addRoute(
    app,
    { ...getDocsFile, middleware },
    serve((c) => `docs/${c.req.param('file')!}`),
  )
}

function answer(c: Context<GatewayEnv>, file: PageFile | undefined): Response {
  if (file === undefined) {
    throw new WinnowError('not_found', 'There is no page or file at this address; see / and /docs')
  }
  const { type, etag, isNamedByHash, bytes, gzipped } = file
  c.header('Content-Security-Policy', policy)
  c.header('Cross-Origin-Opener-Policy', 'same-origin')
  c.header('Cross-Origin-Resource-Policy', 'same-origin')
  c.header('Cache-Control', isNamedByHash ? 'public, max-age=31536000, immutable' : 'no-cache')
  c.header('ETag', etag)
  c.header('Vary', 'Accept-Encoding')
  if (c.req.header('if-none-match') === etag) return c.body(null, 304)
  c.header('Content-Type', type)
  if (gzipped === undefined || !acceptsGzip(c.req.header('accept-encoding'))) return c.body(bytes)
  c.header('Content-Encoding', 'gzip')
  return c.body(gzipped)
}

/** Whether a client takes gzip (RFC 9110, 12.5.3); `gzip;q=0` refuses it. */
function acceptsGzip(header: string | undefined): boolean {
  return (header ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .some((coding) => /^(?:gzip|\*)(?:\s*;\s*q=(?!0(?:\.0*)?$).*)?$/.test(coding))
}

const shared = { method: 'get' as const, tags: ['pages'] }

function page(description: string, type: string) {
  return {
    200: { description, content: { [type]: { schema: { type: 'string' as const } } } },
    304: { description: 'The copy that the client has is current.' },
    ...problems([400, 403, 404, 500]),
  }
}

const fileParameter = {
  name: 'file',
  in: 'path' as const,
  required: true,
  schema: { type: 'string' as const, minLength: 1, not: { enum: ['.', '..'] } },
  description: 'Its name.',
}

const getDashboard: RouteConfig = {
  ...shared,
  path: '/',
  summary: 'The dashboard',
  responses: page('A page for browsers.', 'text/html'),
}

const getAsset: RouteConfig = {
  ...shared,
  path: '/assets/{file}',
  summary: 'A file of the dashboard',
  parameters: [fileParameter],
  responses: page('A script, a style sheet or a picture.', '*/*'),
}

const getDocs: RouteConfig = {
  ...shared,
  path: '/docs',
  summary: 'This description as pages',
  responses: page('A page for browsers.', 'text/html'),
}

const getDocsFile: RouteConfig = {
  ...shared,
  path: '/docs/{file}',
  summary: 'A file of the pages of the API',
  parameters: [fileParameter],
  responses: page('A script, a style sheet or a picture.', '*/*'),
}
