// POST /v1/classify: classifies texts without Kafka. It owns the request format and its refusals;
// batching, queue and model are behind the OnlineClassifier port.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import type { Config } from '../../configs/schema.ts'
import { cleaning } from '../../models/cleaning/clean-text.ts'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { visiblePattern } from '../../schemas/event.ts'
import { textDefects } from '../events/event-check.ts'
import type { OnlineClassifier } from '../http/dependencies.ts'
import { noModel, parseBody, requireJson, requireModel } from './online-request.ts'
import { ItemErrors } from '../http/problem.ts'
import {
  addRoute,
  addSchemas,
  contentEncodingParameter,
  jsonContent,
  problems,
} from '../http/route.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'

type ClassifyConfig = Pick<Config, 'gateway' | 'limits' | 'cleaning'>

/** Adds POST /v1/classify. Without a classifier it answers 503 `model_unavailable`. */
export function addClassifyRoutes(
  app: Gateway,
  options: RouteOptions & {
    readonly config: ClassifyConfig
    readonly classifier: OnlineClassifier | undefined
  },
): void {
  const { config, classifier } = options
  addSchemas(app, { ClassifyRequest: classifyRequest, ClassifyResponse: classifyResponse })
  const route = { ...postClassify, middleware: [options.authorize('read'), options.admit] }
  addRoute(app, route, async (c) => {
    const loaded = readyClassifier(classifier)
    const work = c.get('work')
    requireJson(c.req)
    const body = await work.body()
    const { texts, model } = await work.steps(cleanedRequest(body, config))
    const answering = loaded.model
    requireModel(model, answering)
    const results = await work.run((signal) => loaded.classify(texts, { signal }))
    return c.json({ model: answering, results })
  })
}

/** Called before the body is read too, so that a refusal is cheap. */
function readyClassifier(classifier: OnlineClassifier | undefined): OnlineClassifier {
  if (classifier === undefined) throw noModel()
  if (!classifier.hasRoom())
    throw new WinnowError('queue_full', 'The queue of texts to classify is full; try again later')
  return classifier
}

/** Cleans the texts as the stream does, so that both give the same label. */
function* cleanedRequest(
  body: Uint8Array,
  config: ClassifyConfig,
): Work<z.output<typeof classifyRequest>> {
  const { texts, model } = yield* parseRequest(body, config.gateway.classifyTextsMax)
  const errors = new ItemErrors({ noun: 'texts', consequence: 'nothing was classified' })
  const cleaned: string[] = []
  for (const [index, text] of texts.entries()) {
    yield
    const defects = textDefects(text, config.limits.textBytesMax)
    const clean = defects.length === 0 ? yield* cleaning(text, config.cleaning.steps) : ''
    // Cleaning never makes a text longer, but may leave nothing of it.
    if (defects.length === 0) defects.push(...textDefects(clean, Infinity))
    if (defects.length > 0) errors.add({ index }, defects)
    cleaned.push(clean)
  }
  errors.throwIfAny(texts.length)
  return { texts: cleaned, model }
}

function* parseRequest(body: Uint8Array, textsMax: number): Work<z.output<typeof classifyRequest>> {
  // Cheap to parse, and far more than the allowed texts need: a body above this has too many texts.
  const limit = { entriesMax: 16 * textsMax + 64, tooMany: () => tooManyTexts(textsMax) }
  const request = yield* parseBody(body, classifyRequest, limit)
  if (request.texts.length > textsMax) throw tooManyTexts(textsMax)
  return request
}

function tooManyTexts(textsMax: number): WinnowError {
  return new WinnowError(
    'batch_too_large',
    `The request holds more than ${textsMax} texts (gateway.classifyTextsMax)`,
    { details: { textsMax } },
  )
}

const classifyRequest = z
  .strictObject({
    texts: z
      .array(z.string().meta({ pattern: visiblePattern }))
      .min(1)
      .describe('At most gateway.classifyTextsMax texts.'),
    model: z.string().optional().meta({
      description: 'NAME or NAME@VERSION; refused if the gateway serves another model.',
    }),
  })
  .meta({ examples: [{ texts: ['My invoice is wrong', 'Cheap watches, click here'] }] })

const onlineResult = z.strictObject({
  label: z.string(),
  score: z.number().meta({ description: 'Probability of the most probable label.' }),
  labels: z.array(z.string()).meta({
    description: 'All labels that apply: several, or none, with a multi-label model.',
  }),
  outOfScope: z
    .number()
    .meta({ description: 'How far the text is from what the model knows, 0 to 1.' }),
  probabilities: z.record(z.string(), z.number()),
  tokens: z.int(),
  truncated: z
    .boolean()
    .meta({ description: 'Whether the model read only the start of the text.' }),
})
const onlineRejection = z
  .strictObject({ error: z.strictObject({ code: z.string(), message: z.string() }) })
  .meta({
    description:
      'A text without a result, because the model gave no number. Other texts are not affected.',
  })
const classifyResponse = z
  .strictObject({
    model: z.string().meta({ description: 'NAME@VERSION of the model that answered.' }),
    results: z.array(z.union([onlineResult, onlineRejection])),
  })
  .meta({
    examples: [
      {
        model: 'mail@1',
        results: [
          {
            label: 'ham',
            score: 0.98,
            labels: ['ham'],
            outOfScope: 0.02,
            probabilities: { ham: 0.98, spam: 0.02 },
            tokens: 6,
            truncated: false,
          },
        ],
      },
    ],
  })

const postClassify: RouteConfig = {
  method: 'post',
  path: '/v1/classify',
  summary: 'Classify texts now',
  description: 'Returns results in the order of the texts. Stores nothing and does not use Kafka.',
  tags: ['classify'],
  security: [{ bearer: ['read'] }],
  parameters: [contentEncodingParameter],
  request: { body: { required: true, content: jsonContent('ClassifyRequest') } },
  responses: {
    200: { description: 'One result per text.', content: jsonContent('ClassifyResponse') },
    ...problems([400, 401, 403, 404, 408, 413, 415, 422, 500, 503, 504]),
  },
}
