// GET /openapi.json: the document made of the routes' own descriptions. It owns the frame of the
// document, not the routes.
import type { RouteConfig } from '@hono/zod-openapi'
import { problemSchema } from '../http/problem.ts'
import { addRoute, addSchemas, problems } from '../http/route.ts'
import type { Gateway } from '../http/route.ts'

/** Version of the HTTP interface, not of the package. */
const interfaceVersion = '1.0.0'

/** The groups of operations, in the order of the page. */
const tags = [
  { name: 'events', description: 'Send events to the stream.' },
  { name: 'labels', description: 'Say what events are.' },
  { name: 'classify', description: 'Classify and explain texts without the stream.' },
  { name: 'protocols', description: 'Classify as other inference servers do.' },
  { name: 'results', description: 'Read what the stream stored.' },
  { name: 'models', description: 'Versions, their roles and releases.' },
  { name: 'runs', description: 'Trainings, cross-validations and tunes.' },
  { name: 'labelling', description: 'What people should label, and what they labelled.' },
  { name: 'audit', description: 'What callers with the scope admin did.' },
  { name: 'dead letters', description: 'Events that could not be classified.' },
  { name: 'analytics', description: 'Figures of the stream.' },
  { name: 'probes', description: 'Health, metrics and this document.' },
  { name: 'pages', description: 'The dashboard, and this document as pages.' },
]

/** Adds GET /openapi.json. Call it after all other routes: the document is built once. */
export function addOpenapiRoute(app: Gateway, isOpen: () => boolean): void {
  addSchemas(app, { Problem: problemSchema })
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description:
      'An API key: one that `winnow keys create` made, or one of gateway.keys. A gateway on loopback may run without keys.',
  })
  let document: { readonly isOpen: boolean; readonly bytes: Buffer<ArrayBuffer> } | undefined
  addRoute(app, { ...getOpenapi, middleware: [] }, (c) => {
    if (document?.isOpen !== isOpen())
      document = {
        isOpen: isOpen(),
        bytes: bytesOf(
          app.getOpenAPI31Document({
            openapi: '3.1.0',
            info: {
              title: 'Winnow gateway',
              version: interfaceVersion,
              description:
                'Send text events, read their labels. Errors are RFC 9457 problem documents with a stable `code`. ' +
                'Every response has an X-Request-Id.',
              contact: { name: 'Winnow' },
              license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
            },
            servers: [{ url: '/' }],
            tags: [...tags],
          }),
          isOpen(),
        ),
      }
    return c.body(document.bytes, 200, { 'Content-Type': 'application/json' })
  })
}

type Document = ReturnType<Gateway['getOpenAPI31Document']>

/** The document as it is sent. A gateway without keys says that none is needed, and accepts any. */
function bytesOf(document: Document, isOpen: boolean): Buffer<ArrayBuffer> {
  if (isOpen) {
    for (const path of Object.values(document.paths ?? {})) {
      for (const operation of [path.get, path.post, path.put, path.delete]) {
        if (operation?.security?.length) operation.security = [{}, ...operation.security]
      }
    }
  }
  return Buffer.from(JSON.stringify(document))
}

const getOpenapi: RouteConfig = {
  method: 'get',
  path: '/openapi.json',
  summary: 'This document',
  tags: ['probes'],
  responses: {
    200: {
      description: 'OpenAPI 3.1.',
      content: { 'application/json': { schema: { type: 'object' } } },
    },
    ...problems([400, 403]),
  },
}
