// The routes of /v2: metadata, tensors as JSON and binary, refusals in the protocol's own form.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WinnowError } from '../../schemas/errors.ts'
import {
  configWith,
  gatewayUnderTest,
  hamClassifier,
  modelsOf,
} from '../../tests/support/gateway-under-test.ts'
import { bytesOfTexts, headerLengthName } from './tensor-bytes.ts'

type Tensor = {
  name: string
  shape: number[]
  datatype: string
  data?: unknown[]
  parameters?: { binary_data_size: number }
}

const input = (data: unknown, more: object = {}) => ({
  name: 'text',
  shape: [Array.isArray(data) ? data.length : 1],
  datatype: 'BYTES',
  data,
  ...more,
})
const infer = '/v2/models/mail/infer'

describe('health and metadata', () => {
  const gateway = gatewayUnderTest({ classifier: hamClassifier() })

  it.each([
    ['/v2/health/live', { live: true }],
    ['/v2/health/ready', { ready: true }],
    ['/v2/models/mail/ready', { name: 'mail', ready: true }],
    ['/v2/models/mail/versions/3/ready', { name: 'mail', ready: true }],
  ])('%s', async (path, answer) => {
    expect(await gateway.get(path)).toMatchObject({ status: 200, json: answer })
  })

  it('names the server and its extensions', async () => {
    const { json } = await gateway.get('/v2')
    expect(json).toMatchObject({
      name: 'winnow',
      extensions: ['binary_tensor_data', 'classification'],
    })
  })

  it.each(['/v2/models/mail', '/v2/models/mail/versions/3', '/v2/models/mail/versions/champion'])(
    'describes the tensors at %s',
    async (path) => {
      const { json } = await gateway.get(path)
      expect(json).toMatchObject({ name: 'mail', versions: ['1', '3'], platform: 'onnx_onnxv1' })
      expect(json['inputs']).toEqual([{ name: 'text', datatype: 'BYTES', shape: [-1] }])
      expect(json['outputs']).toContainEqual({
        name: 'probabilities',
        datatype: 'FP32',
        shape: [-1, 2],
      })
    },
  )

  it.each([
    '/v2/models/other',
    '/v2/models/mail/versions/2',
    '/v2/models/mail/versions/2/ready',
    '/v2/models/a/b/c',
  ])('answers 404 at %s', async (path) => {
    const { status, json } = await gateway.get(path)
    expect([status, Object.keys(json)]).toEqual([404, ['error']])
  })

  it('is not ready without models', async () => {
    const { status, json, headers } = await gatewayUnderTest().get('/v2/health/ready')
    expect([status, Object.keys(json), headers.get('retry-after')]).toEqual([503, ['error'], '5'])
    expect((await gatewayUnderTest().get('/v2/health/live')).status).toBe(200)
  })
})

describe('inference', () => {
  it('answers all tensors in the order of the texts, and echoes the id', async () => {
    const asked: string[] = []
    const gateway = gatewayUnderTest({ classifier: hamClassifier(asked) })
    const { status, json } = await gateway.post(infer, { id: '42', inputs: [input(['a', 'b'])] })
    expect(status).toBe(200)
    expect(json).toEqual({
      model_name: 'mail',
      model_version: '3',
      id: '42',
      outputs: [
        { name: 'label', datatype: 'BYTES', shape: [2], data: ['ham', 'ham'] },
        { name: 'score', datatype: 'FP32', shape: [2], data: [0.75, 0.75] },
        { name: 'probabilities', datatype: 'FP32', shape: [2, 2], data: [0.75, 0.25, 0.75, 0.25] },
        {
          name: 'logits',
          datatype: 'FP32',
          shape: [2, 2],
          data: [0.75, 0.25, 0.75, 0.25].map((one) => Math.fround(Math.log(one))),
        },
      ],
    })
    expect(asked).toEqual(['a', 'b'])
  })

  it.each([
    [['a', 'b'], [2]],
    [
      ['a', 'b'],
      [2, 1],
    ],
    [
      [['a'], ['b']],
      [2, 1],
    ],
    [[['a'], ['b']], [2]],
  ])('reads %j of shape %j', async (data, shape) => {
    const asked: string[] = []
    const gateway = gatewayUnderTest({ classifier: hamClassifier(asked) })
    const request = { inputs: [input(data, { shape })] }
    expect((await gateway.post('/v2/models/mail/versions/3/infer', request)).status).toBe(200)
    expect(asked).toEqual(['a', 'b'])
  })

  it('cleans texts as the stream does', async () => {
    const asked: string[] = []
    const gateway = gatewayUnderTest({ classifier: hamClassifier(asked) })
    await gateway.post(infer, { inputs: [input(['  Cafe\u0301 \u0007 noir '])] })
    expect(asked).toEqual(['Café noir'])
  })

  it('answers the requested tensors only, in their order', async () => {
    const gateway = gatewayUnderTest({ classifier: hamClassifier() })
    const outputs = [{ name: 'score' }, { name: 'label' }]
    const { json } = await gateway.post(infer, { inputs: [input(['a'])], outputs })
    expect((json['outputs'] as Tensor[]).map(({ name }) => name)).toEqual(['score', 'label'])
    expect(json).not.toHaveProperty('id')
  })

  it('gives the highest classes', async () => {
    const gateway = gatewayUnderTest({ classifier: hamClassifier() })
    const outputs = [{ name: 'probabilities', parameters: { classification: 5 } }]
    const { json } = await gateway.post(infer, { inputs: [input(['a'])], outputs })
    expect(json['outputs']).toEqual([
      {
        name: 'probabilities',
        datatype: 'BYTES',
        shape: [1, 2],
        data: ['0.750000:0:ham', '0.250000:1:spam'],
      },
    ])
  })

  it('takes a body without a type, as the usual clients send it', async () => {
    const { app } = gatewayUnderTest({ classifier: hamClassifier() })
    const body = Buffer.from(JSON.stringify({ inputs: [input(['a'])] }))
    expect((await app.request(infer, { method: 'POST', body })).status).toBe(200)
  })

  it.each([
    [{ inputs: [input([7])] }, 'must hold strings; data has a number at 0'],
    [{ inputs: [input(['a', null])] }, 'must hold strings; data has null at 1'],
    [{ inputs: [input([[['a']]], { shape: [1] })] }, 'more than two dimensions'],
    [{ inputs: [input(['a'], { datatype: 'INT64' })] }, 'takes BYTES'],
    [{ inputs: [input(['a'], { datatype: 'FP32' })] }, 'has the datatype FP32'],
    [{ inputs: [] }, 'takes one input'],
    [{ inputs: [input(['a']), input(['b'])] }, 'the request has 2'],
    [{ inputs: [input(['a'], { shape: [2] })] }, 'its shape needs 2'],
    [{ inputs: [input(['a'], { shape: [1, 2] })] }, 'has the shape [1, 2]'],
    [{ inputs: [input([], { shape: [0] })] }, 'has the shape [0]'],
    [{ inputs: [input(['a'], { shape: [1, 1, 1] })] }, 'has the shape [1, 1, 1]'],
    [{ inputs: [{ name: 'text', shape: [1], datatype: 'BYTES' }] }, 'has no data'],
    [{ inputs: [input(['a'])], outputs: [{ name: 'other' }] }, 'has no output other'],
    [{ inputs: [input(['a'])], outputs: [{ name: 'label' }, { name: 'label' }] }, 'twice'],
    [
      {
        inputs: [input(['a'])],
        outputs: [{ name: 'label', parameters: { classification: 2 } }],
      },
      'has one value',
    ],
    [
      {
        inputs: [input(['a'])],
        outputs: [{ name: 'logits', parameters: { classification: 0 } }],
      },
      'must be a whole number',
    ],
    [
      { inputs: [input(['a'], { parameters: { shared_memory_region: 'x' } })] },
      'is in shared memory',
    ],
    [{ inputs: [input(['a'], { parameters: { content_type: 'base64' } })] }, 'content_type base64'],
    [{ inputs: [input(['a'])], more: 1 }, 'more'],
    [{}, 'inputs is missing'],
    ['[1', 'not valid JSON'],
  ])('refuses %j', async (body, message) => {
    const gateway = gatewayUnderTest({ classifier: hamClassifier() })
    const { status, json, headers } = await gateway.post(infer, body)
    expect([status, headers.get('content-type')]).toEqual([400, 'application/json'])
    expect(Object.keys(json)).toEqual(['error'])
    expect(json['error']).toContain(message)
  })

  it.each([
    [{ inputs: [input(['a', ' '])] }, 422, 'text has no visible character (index 1)'],
    [{ inputs: [input(['a', 'b', 'c'])] }, 413, 'more than 2 texts'],
    [{ inputs: [input(['a'], { shape: [2_000_000_000] })] }, 413, 'more than 2 texts'],
    [{ inputs: [input(['x'.repeat(101)])] }, 422, 'has 101 bytes'],
  ])('names the text that is wrong in %j', async (body, status, message) => {
    const config = configWith({ classifyTextsMax: 2 }, { textBytesMax: 100 })
    const answer = await gatewayUnderTest({ config, classifier: hamClassifier() }).post(infer, body)
    expect(answer.status).toBe(status)
    expect(answer.json['error']).toContain(message)
  })

  it.each([
    ['POST', '/v2/models/other/infer', 404],
    ['POST', '/v2/models/mail/versions/2/infer', 404],
    ['PUT', infer, 405],
    ['GET', '/v2/nothing', 404],
  ])('answers %s %s with %i and an error of its own form', async (method, path, status) => {
    const gateway = gatewayUnderTest({ classifier: hamClassifier() })
    const response = await gateway.app.request(path, {
      method,
      ...(method === 'GET'
        ? {}
        : { body: Buffer.from(JSON.stringify({ inputs: [input(['a'])] })) }),
    })
    expect(response.status).toBe(status)
    expect(Object.keys((await response.json()) as object)).toEqual(['error'])
  })

  it('refuses a form', async () => {
    const gateway = gatewayUnderTest({ classifier: hamClassifier() })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const { status, json } = await gateway.post(infer, '{}', headers)
    expect([status, Object.keys(json)]).toEqual([415, ['error']])
  })

  it.each([
    ['queue_full', 503, '1'],
    ['session_failed', 503, '5'],
    ['model_corrupt', 500, null],
  ] as const)('answers %s with %i', async (code, status, retryAfter) => {
    const classify = () => Promise.reject(new WinnowError(code, 'at /some/folder'))
    const gateway = gatewayUnderTest({ classifier: { ...hamClassifier(), classify } })
    const answer = await gateway.post(infer, { inputs: [input(['a'])] })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, retryAfter])
    if (code !== 'queue_full') expect(answer.json['error']).not.toContain('/some/folder')
  })

  it('says which text the model could not classify', async () => {
    const error = { code: 'output_invalid', message: 'not a finite number' } as const
    const classifier = { ...hamClassifier(), classify: () => Promise.resolve([{ error }]) }
    const { status, json } = await gatewayUnderTest({ classifier }).post(infer, {
      inputs: [input(['a'])],
    })
    expect([status, json['error']]).toEqual([
      422,
      'The model gave no number for the text at index 0',
    ])
  })

  it('asks for the scope read', async () => {
    const keys = [{ key: 'ingest-key-0123456789', scopes: ['ingest' as const] }]
    const config = configWith({ keys })
    const gateway = gatewayUnderTest({ config, models: modelsOf(hamClassifier()) })
    const request = { inputs: [input(['a'])] }
    expect(await gateway.post(infer, request)).toMatchObject({
      status: 401,
      json: { error: expect.stringContaining('API key') as string },
    })
    const headers = { authorization: `Bearer ${keys[0]!.key}` }
    expect((await gateway.post(infer, request, headers)).status).toBe(403)
  })
})

describe('a request of any shape', () => {
  const scalar = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  )
  const parameters = fc.dictionary(
    fc.constantFrom(
      'binary_data_size',
      'binary_data',
      'classification',
      'content_type',
      '__proto__',
    ),
    fc.oneof(scalar, fc.constantFrom(1, 8, 'str', [], {})),
  )
  const shape = fc.array(fc.oneof(fc.integer({ min: -1, max: 4 }), scalar), { maxLength: 3 })
  const given = fc.record(
    {
      name: scalar,
      shape: fc.oneof(shape, fc.constantFrom([1], [2], [1, 1]), scalar),
      datatype: fc.constantFrom('BYTES', 'INT64', 'bytes', 7),
      data: fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(['a'], ['a', 'b'], [['a']])),
      parameters: fc.oneof(parameters, scalar),
    },
    { requiredKeys: ['name', 'shape', 'datatype'] },
  )
  const output = fc.record(
    { name: fc.constantFrom('label', 'score', 'logits', 'toString', 7), parameters },
    { requiredKeys: ['name'] },
  )
  const request = fc.record(
    {
      id: scalar,
      parameters,
      inputs: fc.oneof(
        fc.constant([input(['a'])]),
        fc.array(given, { maxLength: 2 }),
        fc.jsonValue({ maxDepth: 2 }),
      ),
      outputs: fc.array(output, { maxLength: 2 }),
      more: scalar,
    },
    { requiredKeys: ['inputs'] },
  )

  it('is answered or refused, and never fails', async () => {
    const gateway = gatewayUnderTest({ classifier: hamClassifier() })
    let answered = 0
    await fc.assert(
      fc.asyncProperty(request, fc.option(fc.nat(300), { freq: 1 }), async (body, headerLength) => {
        const headers: Record<string, string> = {}
        if (headerLength !== null) headers[headerLengthName] = String(headerLength)
        const response = await gateway.app.request(infer, {
          method: 'POST',
          headers,
          body: Buffer.from(JSON.stringify(body)),
        })
        expect([200, 400, 413, 422]).toContain(response.status)
        if (response.status === 200) answered += 1
        else expect(Object.keys((await response.json()) as object)).toEqual(['error'])
      }),
      { numRuns: 2_000 },
    )
    expect(answered).toBeGreaterThan(0)
    expect(gateway.failures).toEqual([])
  })
})

describe('binary tensors', () => {
  async function post(
    request: object,
    tensors: Buffer,
    headerLength: (json: Buffer) => string = ({ length }) => String(length),
  ) {
    const asked: string[] = []
    const { app } = gatewayUnderTest({ classifier: hamClassifier(asked) })
    const json = Buffer.from(JSON.stringify(request))
    const response = await app.request(infer, {
      method: 'POST',
      headers: { [headerLengthName]: headerLength(json) },
      body: Buffer.concat([json, tensors]),
    })
    return { asked, response, body: Buffer.from(await response.arrayBuffer()) }
  }

  const binary = (texts: string[], more: object = {}) => {
    const tensor = bytesOfTexts(texts)
    const parameters = { binary_data_size: tensor.length }
    const shape = [texts.length]
    return { inputs: [{ name: 'text', shape, datatype: 'BYTES', parameters, ...more }], tensor }
  }

  it('are read and written', async () => {
    const { inputs, tensor } = binary(['é', 'b\n'])
    const parameters = { binary_data_output: true }
    const outputs = [{ name: 'label' }, { name: 'score', parameters: { binary_data: false } }]
    const { asked, response, body } = await post({ inputs, outputs, parameters }, tensor)
    expect([response.status, asked]).toEqual([200, ['é', 'b']])
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    const length = Number(response.headers.get(headerLengthName))
    const json = JSON.parse(body.toString('utf8', 0, length)) as { outputs: Tensor[] }
    const labels = bytesOfTexts(['ham', 'ham'])
    expect(json.outputs).toEqual([
      {
        name: 'label',
        datatype: 'BYTES',
        shape: [2],
        parameters: { binary_data_size: labels.length },
      },
      { name: 'score', datatype: 'FP32', shape: [2], data: [0.75, 0.75] },
    ])
    expect(body.subarray(length).equals(labels)).toBe(true)
  })

  it('follow each other in the order of the outputs', async () => {
    const { inputs, tensor } = binary(['a'])
    const { response, body } = await post(
      { inputs, parameters: { binary_data_output: true } },
      tensor,
    )
    const length = Number(response.headers.get(headerLengthName))
    const json = JSON.parse(body.toString('utf8', 0, length)) as { outputs: Tensor[] }
    const sizes = json.outputs.map(({ parameters }) => parameters!.binary_data_size)
    expect(sizes).toEqual([7, 4, 8, 8])
    expect(body).toHaveLength(length + 27)
    expect(body.readFloatLE(length + 7)).toBe(0.75)
  })

  it.each([
    ['a wrong size', binary(['a'], { parameters: { binary_data_size: 4 } }), 'binary_data_size 4'],
    ['no size', binary(['a'], { parameters: {} }), 'has no binary_data_size'],
    ['a shape with another count', binary(['abcdefgh'], { shape: [2] }), 'holds 1 texts'],
    ['data as well', binary(['a'], { data: ['a'] }), 'send one of them'],
    ['a size that is no number', binary(['a'], { parameters: { binary_data_size: '5' } }), '5'],
  ])('with %s are refused', async (_, { inputs, tensor }, message) => {
    const { response, body } = await post({ inputs }, tensor)
    expect(response.status).toBe(400)
    expect(body.toString()).toContain(message)
  })

  it.each(['0', '1', '1000000', '-1', 'x'])('with the header %s are refused', async (header) => {
    const { inputs, tensor } = binary(['a'])
    expect((await post({ inputs }, tensor, () => header)).response.status).toBe(400)
  })
})
