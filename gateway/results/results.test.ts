// Stored results over HTTP: parameters, the JSON of a result, failures of the reader.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import {
  configWith,
  gatewayUnderTest,
  storedResult,
} from '../../tests/support/gateway-under-test.ts'
import { checkEvent } from '../events/event-check.ts'
import { listen, type GatewayServer } from '../http/server.ts'

const onTheWire = {
  id: 'winnow.events/3/17',
  model: 'mail@3',
  label: 'ham',
  eventTime: '2025-01-31T12:00:00.000Z',
  classifiedAt: '2025-01-31T12:00:00.120Z',
  origin: { topic: 'winnow.events', partition: 3, offset: 17 },
}

describe('GET /v1/results/{id}', () => {
  it.each(['winnow.events/3/17', 'winnow.events%2F3%2F17'])('finds %s', async (id) => {
    const { status, json } = await gatewayUnderTest().get(`/v1/results/${id}`)
    expect(status).toBe(200)
    expect(json).toMatchObject({ id: 'winnow.events/3/17', results: [onTheWire] })
  })

  it('decodes the id for the reader', async () => {
    const { asked, results } = noResults()
    const { status, json } = await gatewayUnderTest({ results }).get(
      '/v1/results/a%20b%3F%0Ac%25%E2%80%A8',
    )
    expect([status, json['code']]).toEqual([404, 'not_found'])
    expect(asked).toEqual(['a b?\nc%\u2028'])
  })
})

/** A store without results that records the requested ids. */
function noResults() {
  const asked: string[] = []
  const results = {
    byId: (id: string) => {
      asked.push(id)
      return Promise.resolve([])
    },
    list: () => Promise.resolve({ results: [] }),
  }
  return { asked, results }
}

describe('every possible event id', () => {
  const { asked, results } = noResults()
  let server: GatewayServer
  beforeAll(async () => {
    const { app } = gatewayUnderTest({ results })
    server = await listen(app, { ...configWith().gateway, port: 0 })
  })
  afterAll(() => server.close({ drainMsMax: 0 }))

  /** The characters of addresses, escapes and lines. */
  const piece = fc.constantFrom(
    ...[
      '.',
      '..',
      '/',
      '\\',
      '%',
      '%2e',
      '%2F',
      '%25',
      '%0A',
      '%ZZ',
      '%E9',
      '?',
      '#',
      '+',
      '&',
      ';',
      '@',
    ],
    ...[
      '\n',
      '\r',
      '\t',
      ' ',
      '\0',
      '\u007f',
      '\u0085',
      '\u2028',
      '\ufeff',
      'a',
      'é',
      '🙂',
      '"',
      "'",
    ],
  )
  const id = fc.oneof(
    fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 256 }),
  )

  it('can be read in percent-encoded form, on a socket', async () => {
    const { limits } = configWith()
    await fc.assert(
      fc.asyncProperty(id, async (one) => {
        fc.pre(checkEvent({ text: 'a', id: one }, { limits, nowMs: 0 }).kind === 'ok')
        asked.length = 0
        await (await fetch(`${server.url}/v1/results/${encodeURIComponent(one)}`)).text()
        expect(asked).toEqual([one])
      }),
      { numRuns: 500 },
    )
  })

  it('fits into an address even at its longest', async () => {
    const longest = '🙂'.repeat(256)
    asked.length = 0
    await fetch(`${server.url}/v1/results/${encodeURIComponent(longest)}`)
    expect(asked).toEqual([longest])
  })
})

describe('GET /v1/results', () => {
  it('returns a page with its cursor', async () => {
    const gateway = gatewayUnderTest()
    const { status, json } = await gateway.get('/v1/results')
    expect(status).toBe(200)
    expect(json).toMatchObject({ results: [onTheWire], cursor: 'next' })
    expect(gateway.filters).toEqual([{ limit: 100 }])
  })

  it('reads every parameter', async () => {
    const gateway = gatewayUnderTest()
    const query =
      'label=ham&source=support-mail&model=mail@3&q=Watch%20&scoreBelow=0.75&since=2025-01-01T00:00:00Z&until=1738368000000&limit=7&cursor=1738324800120~3~17~winnow.events~mail~3'
    expect((await gateway.get(`/v1/results?${query}`)).status).toBe(200)
    expect(gateway.filters).toEqual([
      {
        label: 'ham',
        source: 'support-mail',
        model: 'mail',
        version: '3',
        text: 'Watch ',
        scoreBelow: 0.75,
        sinceMs: Date.UTC(2025, 0, 1),
        untilMs: 1_738_368_000_000,
        limit: 7,
        cursor: '1738324800120~3~17~winnow.events~mail~3',
      },
    ])
  })

  it.each([
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['limit=ten', 'limit'],
    ['limit=1.5', 'limit'],
    ['limit=5&limit=6', 'limit'],
    ['since=yesterday', 'since'],
    ['since=2025-01-01', 'since'],
    ['until=-5', 'until'],
    ['since=', 'since'],
    ['since=2025-02-29T00:00:00Z', 'since'],
    ['limit=%D9%A3', 'limit'],
    ['cursor=1.5~0~0~t~m~1', 'cursor'],
    ['cursor=1~-1~0~t~m~1', 'cursor'],
    ['cursor=99999999999999~0~0~t~m~1', 'cursor'],
    ['model=a@b@c', 'model'],
    ['model=@3', 'model'],
    ['label=', 'label'],
    [`source=${'x'.repeat(257)}`, 'source'],
    ['cursor=', 'cursor'],
    ['labels=ham', 'labels'],
    ['q=', 'q'],
    [`q=${'x'.repeat(257)}`, 'q'],
    ['scoreBelow=2', 'scoreBelow'],
    ['scoreBelow=-0.1', 'scoreBelow'],
    ['scoreBelow=1e-3', 'scoreBelow'],
  ])('refuses %s', async (query, parameter) => {
    const gateway = gatewayUnderTest()
    const { status, json } = await gateway.get(`/v1/results?${query}`)
    expect([status, json['code'], json['parameter']]).toEqual([400, 'parameter_invalid', parameter])
    expect(gateway.filters).toEqual([])
  })

  it('refuses every cursor that no reader returned', async () => {
    // Positions with numbers out of range for their columns, as an earlier form of the cursor had.
    const positions = [
      ['1', '2', -1, 0, 'm', '1'],
      [0, 'a', -1, 0, 'm', '1'],
      [1.5, 'a', 0, 0, 'm', '1'],
      [1e30, 'a', 0, 0, 'm', '1'],
      [0, 'a', 0, -1, 'm', '1'],
      [0, 'a', 0, 0, 'm', '1'],
    ]
    for (const position of positions) {
      const cursor = Buffer.from(JSON.stringify(position)).toString('base64url')
      const { status, json } = await gatewayUnderTest().get(`/v1/results?cursor=${cursor}`)
      expect([status, json['parameter']]).toEqual([400, 'cursor'])
    }
  })

  it.each([
    ['analytics_unavailable', 503],
    ['analytics_refused', 502],
    ['parameter_invalid', 400],
  ] as const)('answers %s of the reader with %i', async (code, status) => {
    const fail = () => Promise.reject(new WinnowError(code, 'no'))
    const gateway = gatewayUnderTest({ results: { byId: fail, list: fail } })
    expect((await gateway.get('/v1/results?cursor=1~0~0~t~m~1')).status).toBe(status)
    expect((await gateway.get(`/v1/results/${storedResult.eventId}`)).status).toBe(status)
  })
})
