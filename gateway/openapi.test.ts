// The description against the app: every route is in it and the other way round, its examples follow
// its schemas, and what the gateway really answers does too.
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { beforeAll, describe, expect, it } from 'vitest'
import { gatewayUnderTest, hamClassifier } from '../tests/support/gateway-under-test.ts'

type Operation = {
  summary?: string
  security?: object[]
  parameters?: { name: string; in: string; required?: boolean; schema: object }[]
  requestBody?: { content: Record<string, { schema: object }> }
  responses: Record<string, { description: string; content?: Record<string, { schema?: object }> }>
}
type Document = {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, { examples?: unknown[] }> }
}

const gateway = gatewayUnderTest({ classifier: hamClassifier() })
const ajv = new Ajv2020({ strict: false })
addFormats.default(ajv)
let document: Document

beforeAll(async () => {
  document = (await gateway.get('/openapi.json')).json as unknown as Document
  ajv.addSchema({ $id: 'openapi', ...document })
})

function errorsAgainst(name: string, value: unknown) {
  const validate = ajv.getSchema(`openapi#/components/schemas/${name}`)!
  return validate(value) === true ? null : validate.errors
}

function operations() {
  return Object.entries(document.paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, operation]) => ({ path, method, operation })),
  )
}

describe('/openapi.json', () => {
  it('has every route of the app, and no other', () => {
    const documented = operations().map(({ method, path }) => `${method.toUpperCase()} ${path}`)
    const routes = gateway.app.routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)(\{\[[^\]]+\]\+\})?/g, '{$1}')}`)
    expect(documented.sort()).toEqual([...new Set(routes)].sort())
    expect(documented).toContain('POST /v1/events')
  })

  it('is OpenAPI 3.1 without a reference into nothing', () => {
    expect(document.openapi).toBe('3.1.0')
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)]
    expect(references.length).toBeGreaterThan(10)
    for (const [, reference] of references) {
      const name = reference!.replace('#/components/schemas/', '')
      expect(document.components.schemas).toHaveProperty([name])
    }
  })

  it('describes each operation, its refusals, and the scope that it needs', () => {
    for (const { path, operation } of operations()) {
      expect(operation.summary, path).toBeTruthy()
      const needsKey = path.startsWith('/v1/') || path === '/metrics'
      expect(operation.security !== undefined, path).toBe(needsKey)
      const statuses = Object.keys(operation.responses)
      if (needsKey) expect(statuses, path).toEqual(expect.arrayContaining(['401', '403', '500']))
      for (const status of statuses.filter((code) => Number(code) >= 400 && path !== '/readyz')) {
        expect(operation.responses[status]!.content, path).toHaveProperty([
          'application/problem+json',
        ])
      }
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
      expect(inPath.map(({ name }) => name)).toEqual(named)
    }
  })

  it('has examples that follow their schemas', () => {
    const names = Object.entries(document.components.schemas)
    for (const [name, schema] of names) {
      const examples = schema.examples ?? []
      for (const example of examples) expect(errorsAgainst(name, example), name).toBeNull()
    }
    const withExamples = names.filter(([, schema]) => (schema.examples ?? []).length > 0)
    expect(withExamples.map(([name]) => name)).toEqual(
      expect.arrayContaining(['Event', 'Problem', 'Result', 'ClassifyRequest', 'Readiness']),
    )
  })

  it('describes what the gateway answers', async () => {
    const accepted = await gateway.post('/v1/events', { text: 'a' })
    expect(errorsAgainst('AcceptedEvents', accepted.json)).toBeNull()
    const classified = await gateway.post('/v1/classify', { texts: ['a'] })
    expect(errorsAgainst('ClassifyResponse', classified.json)).toBeNull()
    const page = await gateway.get('/v1/results')
    expect(errorsAgainst('ResultPage', page.json)).toBeNull()
    const one = await gateway.get('/v1/results/winnow.events/3/17')
    expect(errorsAgainst('ResultsOfEvent', one.json)).toBeNull()
    const ready = await gateway.get('/readyz')
    expect(errorsAgainst('Readiness', ready.json)).toBeNull()
    const invalid = await gateway.post('/v1/events', [{ text: '' }, 5])
    expect(errorsAgainst('Problem', invalid.json)).toBeNull()
    expect(errorsAgainst('Problem', { ...invalid.json, code: 'made_up' })).not.toBeNull()
  })

  it('lists the query parameters with their rules', () => {
    const { parameters } = document.paths['/v1/results']!['get']!
    expect(parameters!.map(({ name }) => name)).toEqual([
      'label',
      'source',
      'model',
      'since',
      'until',
      'limit',
      'cursor',
    ])
    expect(parameters!.every((parameter) => parameter.in === 'query')).toBe(true)
  })
})
