// The OpenAPI document compared with the app: it has every route and no other, its examples match
// its schemas, and so do the gateway's real responses.
import { problemMeanings } from '../http/route.ts'
import { statusByCode } from '../http/problem.ts'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import { visiblePattern, visibleText } from '../../schemas/event.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import {
  configWith,
  gatewayUnderTest,
  hamClassifier,
  hamExplainer,
  needsKey,
} from '../../tests/support/gateway-under-test.ts'

type Operation = {
  summary?: string
  operationId?: string
  description?: string
  security?: object[]
  'x-scope'?: string
  parameters?: { name: string; in: string; required?: boolean; schema: object }[]
  requestBody?: { content: Record<string, { schema: object }> }
  responses: Record<string, { description: string; content?: Record<string, { schema?: object }> }>
}
type Document = {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, { examples?: unknown[] }> }
}

const oddTimes = [
  '',
  '0',
  '-1',
  '1738368000000',
  '99999999999999',
  '2025-01-31T12:00:00Z',
  '2024-02-29 00:00:00+23:59',
  '2025-02-29T00:00:00Z',
  '2000-02-29T00:00:00Z',
  '2100-02-29T00:00:00Z',
  '2025-04-31T00:00:00Z',
  '2025-01-31T24:00:00Z',
  '2025-01-31T12:00:60Z',
  '2025-01-31T12:00:00',
  '2025-01-31t12:00:00.123456789z',
  '2025-01-31T12:00:00+24:00',
  '2025-01-31T12:00:00Z\n',
  '2025-01-31',
  '1999-12-31T00:00:00Z',
  '0004-02-29T00:00:00Z',
  '٢٠٢٥-01-31T12:00:00Z',
]
const oddWords = [
  ...['5', '0', '01', '0.5', '1.01', '1000', '1001', '500', '501', '٣', 'a@b', 'a@b@c'],
  ...['1~0~0~t~m~1', '1~-1~0~t~m~1', '0~0~0~t~m~1', '1~0~0~1~0~t~', 'open', 'text_empty'],
]
const odd = fc.constantFrom(
  '',
  '.',
  '..',
  '\n',
  ' ',
  '\u0007',
  '\u200b',
  '\ufeff',
  '\u{e0020}',
  '🙂',
  'é',
  '__proto__',
)
const text = fc.oneof(
  odd,
  fc.string({ unit: 'grapheme', maxLength: 4 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
  fc.constantFrom('x'.repeat(256), 'x'.repeat(257), '🙂'.repeat(256), '🙂'.repeat(257)),
)
const anything = fc.oneof(text, fc.constantFrom(null, 5, true, [], {}))
/** Not in the future: a schema does not know the current time. */
const time = fc.oneof(
  fc.constantFrom(null, 0, 946_684_799_999, 946_684_800_000, 1.5e12, -1),
  fc.constantFrom(...oddTimes.filter((one) => !one.startsWith('2100'))),
)
const attributes = fc.oneof(
  anything,
  fc.dictionary(text, text, { maxKeys: 3 }),
  fc.constant({ a: 5 }),
)
const eventArbitrary = fc.record(
  {
    text: anything,
    id: anything,
    source: anything,
    label: anything,
    time,
    attributes,
    more: anything,
  },
  { requiredKeys: [] },
)
const labelArbitrary = fc.record(
  { id: anything, label: anything, by: anything, time, newLabel: anything, more: anything },
  { requiredKeys: [] },
)
const classifyArbitrary = fc.record(
  {
    texts: fc.oneof(anything, fc.array(text, { maxLength: 3 })),
    model: fc.constantFrom('mail', 5),
  },
  { requiredKeys: [] },
)
const explainArbitrary = fc.record(
  {
    text: anything,
    label: fc.constantFrom('ham', 5, null),
    method: fc.constantFrom('auto', 'occlusion', 'shapley', 'guess', 5),
    model: fc.constantFrom('mail', 'mail@3', 5),
    more: anything,
  },
  { requiredKeys: [] },
)

const embeddingsArbitrary = fc.record(
  {
    input: fc.oneof(anything, fc.array(text, { maxLength: 3 })),
    model: fc.constantFrom('mail', 'mail@3', 5, 'x'.repeat(101)),
    encoding_format: fc.constantFrom('float', 'base64', 'int8', null),
    dimensions: fc.constantFrom(2, 0, 1.5, '2'),
    user: anything,
    more: anything,
  },
  { requiredKeys: [] },
)
const letterId = fc.oneof(anything, fc.constantFrom('t/0/1', 't/0', '/0/1', 'a/b/0/1'))
const replayArbitrary = fc.record(
  {
    ids: fc.oneof(anything, fc.array(letterId, { maxLength: 2 })),
    code: fc.constantFrom('text_empty', 'made_up', 5),
    since: time,
    until: time,
    more: anything,
  },
  { requiredKeys: [] },
)
const reason = fc.oneof(
  anything,
  fc.constantFrom('why', '\u00a0', 'x'.repeat(500), 'x'.repeat(501)),
)
const changeArbitrary = fc.record(
  {
    version: fc.oneof(anything, fc.constantFrom('1', '3', '01', '1\n', '12345678901', 3)),
    percent: fc.oneof(anything, fc.constantFrom(0, 0.5, 100, 100.5, -1)),
    reason,
    force: reason,
    more: fc.constantFrom(1),
  },
  { requiredKeys: ['reason'] },
)

const gateway = gatewayUnderTest({ classifier: hamClassifier(), explainer: hamExplainer() })
const ajv = new Ajv2020({ strict: false })
addFormats.default(ajv)
let document: Document

beforeAll(async () => {
  document = (await gateway.get('/openapi.json')).json as unknown as Document
  // The document's pattern for visible texts is less strict than the server, but only for characters
  // beyond the Basic Multilingual Plane (schemas/event.ts).
  const exact = JSON.stringify(document).replaceAll(
    JSON.stringify(visiblePattern),
    JSON.stringify(visibleText.source),
  )
  ajv.addSchema({ $id: 'openapi', ...(JSON.parse(exact) as Document) })
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

  it('is OpenAPI 3.1 without dangling references', () => {
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
      expect(operation.security, path).toEqual(needsKey(path) ? [{}, { bearer: [] }] : [])
      expect(operation['x-scope'] !== undefined, path).toBe(needsKey(path) && path !== '/v1/me')
      const statuses = Object.keys(operation.responses)
      if (needsKey(path))
        expect(statuses, path).toEqual(expect.arrayContaining(['401', '403', '500']))
      const withBodies = statuses.filter((code) => Number(code) >= 400 && code !== '431')
      for (const status of path === '/readyz' ? [] : withBodies) {
        const isOther = path.startsWith('/v2') || path === '/predict'
        const type = isOther ? 'application/json' : 'application/problem+json'
        expect(operation.responses[status]!.content, path).toHaveProperty([type])
      }
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path')
      expect(inPath.map(({ name }) => name)).toEqual(named)
    }
  })

  it('names each operation once, for generated clients', () => {
    const ids = operations().map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual(expect.arrayContaining(['postEvents', 'getResultsById', 'getLivez']))
  })

  it('gives the codes of each error, which have that status', () => {
    for (const [status, { codes }] of Object.entries(problemMeanings)) {
      expect(codes.map((code) => statusByCode[code])).toEqual(codes.map(() => Number(status)))
    }
    const { description } = document.paths['/v1/results/{id}']!['get']!.responses['404']!
    expect(description).toContain('Codes: `not_found`')
  })

  it('has examples that match their schemas', () => {
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

  it("describes the gateway's responses", async () => {
    const accepted = await gateway.post('/v1/events', { text: 'a' })
    expect(errorsAgainst('AcceptedEvents', accepted.json)).toBeNull()
    const awaited = await gateway.post('/v1/events?wait=1', { text: 'a' })
    expect([awaited.status, errorsAgainst('AwaitedEvents', awaited.json)]).toEqual([200, null])
    const labelled = await gateway.post('/v1/labels', { id: 'a', label: 'b' })
    expect(errorsAgainst('AcceptedLabels', labelled.json)).toBeNull()
    const classified = await gateway.post('/v1/classify', { texts: ['a'] })
    expect(errorsAgainst('ClassifyResponse', classified.json)).toBeNull()
    const tokenized = await gateway.post('/v1/tokenize', { texts: ['a'] })
    expect(errorsAgainst('TokenizeResponse', tokenized.json)).toBeNull()
    const embedded = await gateway.post('/v1/embeddings', { input: 'a' })
    expect(errorsAgainst('EmbeddingsResponse', embedded.json)).toBeNull()
    for (const inputs of ['a', [['a'], ['b']]]) {
      const predicted = await gateway.post('/predict', { inputs })
      expect(errorsAgainst('PredictResponse', predicted.json)).toBeNull()
    }
    const explained = await gateway.post('/v1/explain', { text: 'a' })
    expect(errorsAgainst('Explanation', explained.json)).toBeNull()
    const page = await gateway.get('/v1/results')
    expect(errorsAgainst('ResultPage', page.json)).toBeNull()
    const one = await gateway.get('/v1/results/winnow.events/3/17')
    expect(errorsAgainst('ResultsOfEvent', one.json)).toBeNull()
    const summary = await gateway.get('/v1/analytics/summary')
    expect(errorsAgainst('StreamSummary', summary.json)).toBeNull()
    const lag = await gateway.get('/v1/analytics/lag')
    expect(errorsAgainst('ConsumerLag', lag.json)).toBeNull()
    const balance = await gateway.get('/v1/analytics/balance')
    expect(errorsAgainst('TopicBalance', balance.json)).toBeNull()
    const described: [string, string][] = [
      ['/v1/models', 'ModelList'],
      ['/v1/models/mail/releases', 'ModelReleases'],
      ['/v1/models/mail/compare?a=2&b=3', 'ModelComparison'],
      ['/v1/runs', 'RunPage'],
      ['/v1/runs/20260131T120501-mail-1f9c2e', 'Run'],
      ['/v1/labelling/queue', 'LabellingQueue'],
      ['/v1/labelling/similar/b', 'SimilarEvents'],
      ['/v1/labelling/agreement', 'LabelAgreement'],
      ['/v1/labelling/suspicious', 'SuspiciousLabels'],
      ['/v1/audit', 'AuditEntries'],
    ]
    for (const [path, name] of described) {
      const answer = await gateway.get(path)
      expect([path, answer.status, errorsAgainst(name, answer.json)]).toEqual([path, 200, null])
    }
    const promoted = await gateway.post('/v1/models/mail/promote', { version: '3', reason: 'a' })
    expect(errorsAgainst('ModelChange', promoted.json)).toBeNull()
    const letters = await gateway.get('/v1/dead-letters')
    expect(errorsAgainst('DeadLetterPage', letters.json)).toBeNull()
    const letter = await gateway.get('/v1/dead-letters/winnow.events/3/18')
    expect(errorsAgainst('DeadLetter', letter.json)).toBeNull()
    const replayed = await gateway.post('/v1/dead-letters/replay', { code: 'text_empty' })
    expect(errorsAgainst('ReplayOutcome', replayed.json)).toBeNull()
    const ready = await gateway.get('/readyz')
    expect(errorsAgainst('Readiness', ready.json)).toBeNull()
    const invalid = await gateway.post('/v1/events', [{ text: '' }, 5])
    expect(errorsAgainst('Problem', invalid.json)).toBeNull()
    expect(errorsAgainst('Problem', { ...invalid.json, code: 'made_up' })).not.toBeNull()
  })

  it('requires a key only if the gateway has keys', async () => {
    const keys = [{ key: 'reader-key-0123456789', scopes: ['read' as const] }]
    const keyed = await gatewayUnderTest({ config: configWith({ keys }) }).get('/openapi.json')
    const { paths } = keyed.json as unknown as Document
    expect(paths['/v1/events']!['post']!).toMatchObject({
      security: [{ bearer: [] }],
      'x-scope': 'ingest',
    })
    expect(paths['/v1/results']!['get']!).toMatchObject({
      security: [{ bearer: [] }],
      'x-scope': 'read',
    })
  })

  it.each([
    ['/v1/events', 'Event', eventArbitrary],
    ['/v1/labels', 'Label', labelArbitrary],
    ['/v1/classify', 'ClassifyRequest', classifyArbitrary],
    ['/v1/tokenize', 'TokenizeRequest', classifyArbitrary],
    ['/v1/explain', 'ExplainRequest', explainArbitrary],
    ['/v1/embeddings', 'EmbeddingsRequest', embeddingsArbitrary],
    ['/v1/models/mail/promote', 'PromoteRequest', changeArbitrary],
    ['/v1/models/mail/rollback', 'RollbackRequest', changeArbitrary],
    ['/v1/models/mail/shadow', 'ShareRequest', changeArbitrary],
    ['/v1/dead-letters/replay', 'ReplayRequest', replayArbitrary],
  ])('of %s is exactly as strict as the server', async (path, name, arbitrary) => {
    await fc.assert(
      fc.asyncProperty(arbitrary, async (body) => {
        const { status } = await gateway.post(path, body)
        expect([body, status < 300]).toEqual([body, errorsAgainst(name, body) === null])
      }),
      { numRuns: 300 },
    )
  })

  it.each(['/v1/results', '/v1/stream', '/v1/analytics/summary', '/v1/dead-letters'])(
    'of the query of %s is exactly as strict as the server',
    async (path) => {
      const { parameters } = document.paths[path]!['get']!
      const inQuery = parameters!.filter((parameter) => parameter.in === 'query')
      const word = fc.oneof(
        fc.string({ unit: 'binary', maxLength: 5 }),
        fc.constantFrom(...oddTimes, ...oddWords),
      )
      const chosen = fc.tuple(fc.constantFrom(...inQuery), word)
      await fc.assert(
        fc.asyncProperty(chosen, async ([{ name, schema }, value]) => {
          const answer = await gateway.app.request(`${path}?${name}=${encodeURIComponent(value)}`)
          // A stream has no end of its own.
          await answer.body?.cancel()
          // A schema knows neither the time nor the log of results.
          const isWindow = path.endsWith('summary') && ['since', 'until'].includes(name)
          if (answer.status === 410 || (isWindow && ajv.validate(schema, value))) return
          expect([name, value, answer.status]).toEqual([
            name,
            value,
            ajv.validate(schema, value) ? 200 : 400,
          ])
        }),
        { numRuns: 300 },
      )
    },
  )
  it.each([
    '/v1/results',
    '/v1/runs',
    '/v1/audit',
    '/v1/labelling/queue',
    '/v1/labelling/suspicious',
  ])('of the query of %s is exactly as strict as the server', async (path) => {
    // Which models there are is no rule of the description.
    const { parameters } = document.paths[path]!['get']!
    const checked = parameters!.filter(({ name }) => path === '/v1/results' || name !== 'model')
    const word = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 5 }),
      fc.constantFrom(
        ...oddTimes,
        '5',
        '1000',
        '1001',
        '٣',
        'a@b',
        'a@b@c',
        '1~0~0~t~m~1',
        '1~-1~0~t~m~1',
        ...['mixed', 'out-of-scope', 'cv', '100', '200', '500', '501', '0.5', '1.0', '1.01', 'a,b'],
      ),
    )
    const chosen = fc.tuple(fc.constantFrom(...checked), word)
    await fc.assert(
      fc.asyncProperty(chosen, async ([{ name, schema }, value]) => {
        const { status } = await gateway.get(`${path}?${name}=${encodeURIComponent(value)}`)
        expect([name, value, status]).toEqual([
          name,
          value,
          ajv.validate(schema, value) ? 200 : 400,
        ])
      }),
      { numRuns: 300 },
    )
  })

  it('lists the query parameters with their rules', () => {
    const { parameters } = document.paths['/v1/results']!['get']!
    expect(parameters!.map(({ name }) => name)).toEqual([
      'label',
      'source',
      'model',
      'q',
      'scoreBelow',
      'since',
      'until',
      'limit',
      'cursor',
    ])
    expect(parameters!.every((parameter) => parameter.in === 'query')).toBe(true)
  })
})
