// POST /v1/classify: texts in, results out, without Kafka. It owns the request's form and its refusals;
// batching, the queue and the model are behind the OnlineClassifier port.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import type { Config } from '../configs/schema.ts'
import { cleanText } from '../models/clean-text.ts'
import { WinnowError } from '../schemas/errors.ts'
import { bodyFormat } from './event-body.ts'
import { textDefects } from './event-check.ts'
import type { OnlineClassifier } from './ports.ts'
import { itemsInvalid } from './problem.ts'
import type { ItemError } from './problem.ts'
import { addRoute, addSchemas, jsonContent, problems } from './route.ts'
import type { Gateway, RouteContext } from './route.ts'

type ClassifyConfig = Pick<Config, 'gateway' | 'limits' | 'cleaning'>

/** Adds POST /v1/classify. Without a classifier it answers 503 `model_unavailable`. */
export function addClassifyRoutes(
  app: Gateway,
  context: RouteContext & {
    readonly config: ClassifyConfig
    readonly classifier: OnlineClassifier | undefined
  },
): void {
  const { config, classifier } = context
  addSchemas(app, { ClassifyRequest: classifyRequest, ClassifyResponse: classifyResponse })
  const route = { ...postClassify, middleware: [context.authorize('read'), context.admit] }
  addRoute(app, route, async (c) => {
    const loaded = readyClassifier(classifier)
    const work = c.get('work')
    const format = bodyFormat({
      contentType: c.req.header('content-type'),
      contentEncoding: c.req.header('content-encoding'),
    })
    if (format !== 'json') {
      throw new WinnowError('media_type_unsupported', 'Send Content-Type: application/json')
    }
    const { texts, model } = parseRequest(await work.body())
    const cleaned = checkedTexts(texts, config)
    const answering = loaded.model
    if (model !== undefined && model !== answering && model !== answering.split('@')[0]) {
      throw new WinnowError('model_not_found', `This gateway serves ${answering}, not ${model}`, {
        details: { model: answering },
      })
    }
    const results = await work.run((signal) => loaded.classify(cleaned, { signal }))
    return c.json({ model: answering, results })
  })
}

/** Asked before the body is read, so that a refusal is cheap. */
function readyClassifier(classifier: OnlineClassifier | undefined): OnlineClassifier {
  if (classifier === undefined) {
    throw new WinnowError('model_unavailable', 'This gateway runs without a model (gateway.models)')
  }
  if (!classifier.hasRoom()) throw new WinnowError('queue_full', 'The classify queue is full')
  return classifier
}

function parseRequest(body: Uint8Array): z.output<typeof classifyRequest> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch (cause) {
    throw new WinnowError('body_invalid', 'The body is not valid JSON in UTF-8', { cause })
  }
  const parsed = classifyRequest.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const field = issue.path.join('.')
  throw new WinnowError('body_invalid', `${field === '' ? 'The body' : field}: ${issue.message}`, {
    details: { field },
  })
}

/** The texts cleaned as the stream does it, so that both give the same label. */
function checkedTexts(texts: readonly string[], config: ClassifyConfig): string[] {
  const textsMax = config.gateway.classifyTextsMax
  if (texts.length > textsMax) {
    throw new WinnowError(
      'batch_too_large',
      `The request holds ${texts.length} texts; at most ${textsMax} are allowed (gateway.classifyTextsMax)`,
      { details: { textsMax } },
    )
  }
  const { textBytesMax } = config.limits
  const errors: ItemError[] = []
  const cleaned = texts.map((text, index) => {
    const clean = cleanText(text, config.cleaning.steps)
    const defects = textDefects(text, textBytesMax)
    // What cleaning leaves is never longer than allowed, but it may be nothing.
    if (defects.length === 0) defects.push(...textDefects(clean, Infinity))
    errors.push(...defects.map((defect) => ({ index, ...defect })))
    return clean
  })
  if (errors.length === 0) return cleaned
  const consequence = 'nothing was classified'
  throw itemsInvalid(errors, { total: texts.length, noun: 'texts', consequence })
}

const classifyRequest = z
  .strictObject({
    texts: z.array(z.string()).min(1),
    model: z.string().optional().meta({
      description: 'NAME or NAME@VERSION; refused when the gateway serves another.',
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
  truncated: z.boolean().meta({ description: 'Whether the model read only the beginning.' }),
})
const onlineRejection = z
  .strictObject({ error: z.strictObject({ code: z.string(), message: z.string() }) })
  .meta({ description: 'A text for which the model gave no number; the others are not affected.' })
const classifyResponse = z
  .strictObject({
    model: z.string().meta({ description: 'NAME@VERSION of what answered.' }),
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
  description:
    'Results come in the order of the texts. Nothing is stored, and Kafka has no part in it.',
  tags: ['classify'],
  security: [{ bearer: ['read'] }],
  request: { body: { required: true, content: jsonContent('ClassifyRequest') } },
  responses: {
    200: { description: 'One result for each text.', content: jsonContent('ClassifyResponse') },
    ...problems([400, 401, 403, 404, 413, 415, 422, 500, 503, 504]),
  },
}
