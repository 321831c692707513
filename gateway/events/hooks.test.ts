// Webhooks: mappings, signatures, and what is said about a body that does not fit.
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { configSchema } from '../../configs/schema.ts'
import { gatewayUnderTest } from '../../tests/support/gateway-under-test.ts'

const secret = 'a-secret-of-a-hook'

function opened(hook: object) {
  const config = configSchema.parse({ gateway: { hooks: { desk: hook } } })
  return gatewayUnderTest({ config })
}

/** Shortened from the issue event of GitHub. */
const issue = {
  action: 'opened',
  issue: { id: 17, title: 'No login', body: 'It says "no".', labels: [{ name: 'bug' }] },
  repository: { full_name: 'a/b' },
}

describe('POST /v1/hooks/{name}', () => {
  it('maps paths and templates to the fields of an event', async () => {
    const gateway = opened({
      text: '{issue.title}\n\n{issue.body}',
      id: 'github-{issue.id}',
      source: 'repository.full_name',
      time: 'issue.created',
      label: 'issue.labels.0.name',
      attributes: { action: 'action', none: 'issue.none', kind: 'issue.constructor' },
    })
    const { status, json } = await gateway.post('/v1/hooks/desk', issue)
    expect([status, json['ids']]).toEqual([202, ['github-17']])
    expect(gateway.published).toEqual([
      {
        id: 'github-17',
        text: 'No login\n\nIt says "no".',
        source: 'a/b',
        label: 'bug',
        attributes: { action: 'opened' },
      },
    ])
  })

  it('makes an event of each item of an array', async () => {
    const gateway = opened({ text: 'body', time: 'at', items: 'data.comments' })
    const comments = [{ body: 'one', at: 1_700_000_000_000 }, { body: 'two' }]
    expect((await gateway.post('/v1/hooks/desk', { data: { comments } })).status).toBe(202)
    expect(gateway.published).toMatchObject([
      { text: 'one', time: 1_700_000_000_000 },
      { text: 'two' },
    ])
    const whole = opened({ text: 'body', items: '' })
    expect((await whole.post('/v1/hooks/desk', comments)).status).toBe(202)
  })

  it('names the path that leads nowhere, and the item', async () => {
    const gateway = opened({ text: '{title} {body.text}', id: 'key', items: 'all' })
    const all = [
      { title: 'a', body: { text: 'b' }, key: 1 },
      { title: 'a', body: { text: {} } },
    ]
    const { status, json } = await gateway.post('/v1/hooks/desk', { all })
    expect(status).toBe(422)
    expect(json['errors']).toMatchObject(
      [
        { index: 1, code: 'field_missing', field: 'text', message: /"body\.text"/ },
        { index: 1, code: 'field_missing', field: 'id' },
      ].map(({ message, ...rest }) => ({
        ...rest,
        ...(message && { message: expect.stringMatching(message) as string }),
      })),
    )
    const none = await gateway.post('/v1/hooks/desk', { other: [] })
    expect([none.status, none.json['code']]).toEqual([400, 'body_invalid'])
    expect(none.json['detail']).toContain('"all"')
    expect(gateway.published).toEqual([])
  })

  it('takes a body that is signed with the secret, and no other', async () => {
    const gateway = opened({ text: 'text', secret })
    const body = '{"text":"x"}'
    const hmac = (key: string) => createHmac('sha256', key).update(body).digest('hex')
    const post = async (signature: string | undefined) => {
      const headers: Record<string, string> =
        signature === undefined ? {} : { 'x-hub-signature-256': signature }
      return (await gateway.post('/v1/hooks/desk', body, headers)).status
    }
    expect(await post(`sha256=${hmac(secret)}`)).toBe(202)
    expect(await post(hmac(secret))).toBe(202)
    for (const wrong of [undefined, '', 'sha256=', hmac('other'), `sha1=${hmac(secret)}`]) {
      expect(await post(wrong)).toBe(401)
    }
    expect(gateway.published).toHaveLength(2)
  })

  it.each([
    ['/v1/hooks/other', '{"text":"x"}', {}, 404, 'not_found'],
    ['/v1/hooks/constructor', '{"text":"x"}', {}, 404, 'not_found'],
    ['/v1/hooks/desk', '{"text":', {}, 400, 'body_invalid'],
    ['/v1/hooks/desk?more=1', '{"text":"x"}', {}, 400, 'parameter_invalid'],
    [
      '/v1/hooks/desk',
      '{"text":"x"}',
      { 'content-type': 'text/plain' },
      415,
      'media_type_unsupported',
    ],
    [
      '/v1/hooks/desk',
      '{"text":"x"}',
      { 'content-type': 'application/x-ndjson' },
      415,
      'media_type_unsupported',
    ],
  ])('refuses %s with %s %j', async (path, body, headers, status, code) => {
    const gateway = opened({ text: 'text' })
    const answer = await gateway.post(path, body, headers)
    expect([answer.status, answer.json['code']]).toEqual([status, code])
  })
})

describe('a gateway with keys', () => {
  const key = 'ingest-0123456789abcdef'
  const config = configSchema.parse({
    gateway: {
      keys: [{ key, scopes: ['ingest'] }],
      hooks: { signed: { text: 'a', secret }, open: { text: 'a' } },
    },
  })
  const body = { a: 'text' }
  const signature = createHmac('sha256', secret).update(JSON.stringify(body)).digest('hex')

  it('takes a signed hook without a key, and refuses a wrong signature with one', async () => {
    const gateway = gatewayUnderTest({ config })
    const post = (path: string, headers: object) => gateway.post(path, body, { ...headers })
    const signed = { 'x-hub-signature-256': `sha256=${signature}` }
    expect((await post('/v1/hooks/signed', signed)).status).toBe(202)
    const wrong = { 'x-hub-signature-256': `sha256=${signature.replace(/./, 'x')}` }
    const headers = { ...wrong, authorization: `Bearer ${key}` }
    expect((await post('/v1/hooks/signed', headers)).status).toBe(401)
    expect(gateway.published).toHaveLength(1)
  })

  it('asks for the key where a hook has no secret, and for a hook that is not there', async () => {
    const gateway = gatewayUnderTest({ config })
    const post = (path: string, headers: object = {}) => gateway.post(path, body, { ...headers })
    expect((await post('/v1/hooks/open')).status).toBe(401)
    expect((await post('/v1/hooks/none')).status).toBe(401)
    const headers = { authorization: `Bearer ${key}` }
    expect((await post('/v1/hooks/open', headers)).status).toBe(202)
    expect((await post('/v1/hooks/none', headers)).status).toBe(404)
  })
})
