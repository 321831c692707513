// POST /v1/classify: labels for texts now, without Kafka. It owns the request format; queue,
// threads and models are behind the OnlineModels port.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import { answerers } from '../../schemas/classification.ts'
import { visiblePattern } from '../../schemas/event.ts'
import type { OnlineModels } from '../http/dependencies.ts'
import {
  addRoute,
  addSchemas,
  contentEncodingParameter,
  jsonContent,
  problems,
} from '../http/route.ts'
import { readJson } from '../http/json-request.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'
import {
  acceptTexts,
  modelReference,
  readyModels,
  textsLimit,
  type TextsConfig,
} from './online-request.ts'

/** Adds POST /v1/classify. Without models it answers 503 `model_unavailable`. */
export function addClassifyRoutes(
  app: Gateway,
  options: RouteOptions & {
    readonly config: TextsConfig
    readonly models: OnlineModels | undefined
  },
): void {
  const { config } = options
  addSchemas(app, { ClassifyRequest: classifyRequest, ClassifyResponse: classifyResponse })
  const route = { ...postClassify, middleware: [options.authorize('read'), options.admit] }
  addRoute(app, route, async (c) => {
    const models = readyModels(options.models)
    const request = await readJson(c, classifyRequest, textsLimit(config))
    const consequence = 'nothing was classified'
    const texts = await acceptTexts(c, request.texts, { config, consequence })
    const cleaned = texts.map((text) => text.cleaned)
    const response = await c.get('work').run((signal) =>
      models.use(request.model, async (model) => {
        const outcomes = await model.classify(cleaned, { signal })
        const results = outcomes.map((one) => ('error' in one ? one : one.result))
        return { model: `${model.name}@${model.version}`, results }
      }),
    )
    return c.json(response)
  })
}

const classifyRequest = z
  .strictObject({
    texts: z
      .array(z.string().meta({ pattern: visiblePattern }))
      .min(1)
      .describe('At most gateway.classifyTextsMax texts.'),
    model: modelReference,
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
  answeredBy: z.enum(answerers).meta({
    description: 'The model of a cascade that answered, small or full; empty for other versions.',
  }),
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
            answeredBy: '',
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
