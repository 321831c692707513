// POST /v1/embeddings, as OpenAI's API answers it: the embeddings that the head of a model reads,
// scaled to length 1. Errors are problem documents with OpenAI's member `error`, see
// error-shapes.ts.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { visiblePattern } from '../../schemas/event.ts'
import type { OnlineEmbedding, OnlineModels } from '../http/dependencies.ts'
import {
  addRoute,
  addSchemas,
  contentEncodingParameter,
  jsonContent,
  problems,
} from '../http/route.ts'
import { readJson } from '../http/json-request.ts'
import { invalidBody } from '../bodies/event-body.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import {
  acceptTexts,
  modelReference,
  noNumber,
  readyModels,
  textsLimit,
  type TextsConfig,
} from '../online/online-request.ts'
import { writeRows } from './json-rows.ts'
import { bytesOfFloats } from './tensor-bytes.ts'

/** Adds POST /v1/embeddings. Without models it answers 503 `model_unavailable`. */
export function addEmbeddingRoutes(
  app: Gateway,
  options: RouteOptions & {
    readonly config: TextsConfig
    readonly models: OnlineModels | undefined
  },
): void {
  const { config } = options
  addSchemas(app, { EmbeddingsRequest: embeddingsRequest, EmbeddingsResponse: embeddingsResponse })
  const route = { ...postEmbeddings, middleware: [options.authorize('read'), options.admit] }
  addRoute(app, route, async (c) => {
    const models = readyModels(options.models)
    const work = c.get('work')
    const request = await readJson(c, embeddingsRequest, textsLimit(config))
    const given = typeof request.input === 'string' ? [request.input] : request.input
    const consequence = 'nothing was embedded'
    const texts = await acceptTexts(c, given, { config, consequence })
    const cleaned = texts.map((text) => text.cleaned)
    const { model, rows } = await work.run((signal) =>
      models.use(request.model, async (encoder) => {
        const outcomes = await encoder.embed(cleaned, { signal })
        const embedded = outcomes.map((one, index): OnlineEmbedding => {
          if ('error' in one) throw noNumber(index)
          return one
        })
        return { model: `${encoder.name}@${encoder.version}`, rows: embedded }
      }),
    )
    requireDimensions(request.dimensions, rows[0]!.embedding.length)
    const data = await work.steps(
      writeRows(rows, ({ embedding }, index) => {
        const values = encoded(embedding, request.encoding_format)
        return { object: 'embedding', index, embedding: values }
      }),
    )
    const tokens = rows.reduce((sum, row) => sum + row.tokens, 0)
    const usage = JSON.stringify({ prompt_tokens: tokens, total_tokens: tokens })
    const json = `{"object":"list","data":${data},"model":${JSON.stringify(model)},"usage":${usage}}`
    return c.body(json, 200, { 'Content-Type': 'application/json' })
  })
}

/** Shorter embeddings are refused: the models were not trained for them. */
function requireDimensions(asked: number | undefined, dimensions: number): void {
  if (asked === undefined || asked === dimensions) return
  throw invalidBody(
    `The embeddings of the model have ${dimensions} dimensions, and cannot have ${asked}`,
    'dimensions',
  )
}

/** Numbers, or float32 in little-endian bytes as base64. */
function encoded(embedding: Float32Array, format: 'float' | 'base64'): number[] | string {
  const numbers = Array.from(embedding)
  return format === 'float' ? numbers : bytesOfFloats(numbers).toString('base64')
}

const text = z.string().meta({ pattern: visiblePattern })

const embeddingsRequest = z
  .strictObject({
    input: z.union([text, z.array(text).min(1)]).meta({
      description: 'A text, or at most gateway.classifyTextsMax texts. Token ids are refused.',
    }),
    model: modelReference,
    encoding_format: z.enum(['float', 'base64']).default('float').meta({
      description: 'base64: float32 in little-endian bytes.',
    }),
    dimensions: z
      .int()
      .min(1)
      .optional()
      .meta({ description: 'Refused unless it is the number that the model has.' }),
    user: z.string().optional().meta({ description: 'Ignored.' }),
  })
  .meta({ examples: [{ input: ['My invoice is wrong'], model: 'mail' }] })

const embeddingsResponse = z
  .strictObject({
    object: z.literal('list'),
    data: z.array(
      z.strictObject({
        object: z.literal('embedding'),
        index: z.int(),
        embedding: z
          .union([z.array(z.number()), z.string()])
          .meta({ description: 'Of Euclidean length 1.' }),
      }),
    ),
    model: z.string().meta({ description: 'NAME@VERSION of the model whose encoder it is.' }),
    usage: z.strictObject({ prompt_tokens: z.int(), total_tokens: z.int() }),
  })
  .meta({
    examples: [
      {
        object: 'list',
        data: [{ object: 'embedding', index: 0, embedding: [0.6, -0.8] }],
        model: 'mail@1',
        usage: { prompt_tokens: 6, total_tokens: 6 },
      },
    ],
  })

const postEmbeddings: RouteConfig = {
  method: 'post',
  path: '/v1/embeddings',
  summary: 'OpenAI: embed texts',
  description:
    'Returns what the encoder of a model gives for each text, pooled as the model was trained. ' +
    'Imported models give none. Errors have the member `error` of OpenAI too.',
  tags: ['protocols'],
  security: [{ bearer: ['read'] }],
  parameters: [contentEncodingParameter],
  request: { body: { required: true, content: jsonContent('EmbeddingsRequest') } },
  responses: {
    200: { description: 'One embedding per text.', content: jsonContent('EmbeddingsResponse') },
    ...problems([400, 401, 403, 404, 408, 413, 415, 422, 500, 503, 504]),
  },
}
