// POST /v1/explain: which words of a text led the model to its label. It owns the request format
// and its refusals; queue, thread and model are behind the OnlineExplainer port.
import type { RouteConfig } from '@hono/zod-openapi'
import { z } from 'zod'
import type { Config } from '../../configs/schema.ts'
import { cleaning } from '../../models/cleaning/clean-text.ts'
import { explanationMethods } from '../../models/explain/explanation.ts'
import type { Work } from '../../models/runtime/sliced-work.ts'
import { WinnowError } from '../../schemas/errors.ts'
import { visiblePattern } from '../../schemas/event.ts'
import type { ExplainableModel, OnlineExplainer } from '../http/dependencies.ts'
import { textDefects } from '../events/event-check.ts'
import { parseBody, requireJson } from '../http/json-request.ts'
import { noModel, requireModel } from './online-request.ts'
import { ItemErrors, type ItemDefect } from '../http/problem.ts'
import {
  addRoute,
  addSchemas,
  contentEncodingParameter,
  jsonContent,
  problems,
} from '../http/route.ts'
import { invalidBody } from '../bodies/event-body.ts'
import type { Gateway, RouteOptions } from '../http/route.ts'

type ExplainConfig = Pick<Config, 'gateway' | 'limits' | 'cleaning'>

/** Adds POST /v1/explain. Without an explainer it answers 503 `model_unavailable`. */
export function addExplainRoutes(
  app: Gateway,
  options: RouteOptions & {
    readonly config: ExplainConfig
    readonly explainer: OnlineExplainer | undefined
  },
): void {
  const { config, explainer } = options
  addSchemas(app, { ExplainRequest: explainRequest, Explanation: explanation })
  const route = { ...postExplain, middleware: [options.authorize('read'), options.admit] }
  addRoute(app, route, async (c) => {
    const loaded = readyExplainer(explainer, config)
    const work = c.get('work')
    requireJson(c.req)
    const body = await work.body()
    const model = loaded.current()
    const { text, label, method } = await work.steps(checkedRequest(body, { config, model }))
    c.get('takeTexts')(1)
    const found = await work.run((signal) => model.explain({ text, label, method }, { signal }))
    return c.json(found)
  })
}

/** Called before the body is read too, so that a refusal is cheap. */
function readyExplainer(
  explainer: OnlineExplainer | undefined,
  { gateway }: ExplainConfig,
): OnlineExplainer {
  if (explainer === undefined) throw noModel()
  if (explainer.hasRoom()) return explainer
  throw new WinnowError(
    'queue_full',
    `${gateway.explainQueueMax} explanations wait already (gateway.explainQueueMax); try again later`,
  )
}

/** The request, with a label and a method that the model has. */
function* checkedRequest(
  body: Uint8Array,
  { config, model }: { config: ExplainConfig; model: ExplainableModel },
): Work<z.output<typeof explainRequest>> {
  const tooMany = () => invalidBody('The body holds more than text, label, method and model')
  const request = yield* parseBody(body, explainRequest, { entriesMax: 64, tooMany })
  const { text, label, method } = request
  requireModel(request.model, model.model)
  if (method !== undefined && !model.methods.includes(method)) {
    throw new WinnowError(
      'model_incompatible',
      `${model.model} cannot be explained by ${method}; use ${model.methods.join(', ')}`,
    )
  }
  const defects: ItemDefect[] = textDefects(text, config.limits.textBytesMax)
  if (defects.length === 0) {
    // The stream refuses a text if cleaning leaves nothing.
    const clean = yield* cleaning(text, config.cleaning.steps)
    defects.push(...textDefects(clean, Infinity))
  }
  if (label !== undefined && !model.labels.includes(label)) {
    const message = `${model.model} does not have this label`
    defects.push({ code: 'label_unknown', field: 'label', message })
  }
  const errors = new ItemErrors({ noun: 'text', consequence: 'nothing was explained' })
  if (defects.length > 0) errors.add({ index: 0 }, defects)
  errors.throwIfAny(1)
  return request
}

const explainRequest = z
  .strictObject({
    text: z.string().meta({ pattern: visiblePattern }),
    label: z
      .string()
      .optional()
      .meta({ description: 'The label to explain; by default the one that the model gives.' }),
    method: z
      .enum(explanationMethods)
      .optional()
      .meta({
        description:
          'auto, the default, is integrated gradients for models that Winnow trained in fp32, and ' +
          'occlusion for others.',
      }),
    model: z.string().optional().meta({
      description: 'NAME or NAME@VERSION; refused if the gateway serves another model.',
    }),
  })
  .meta({ examples: [{ text: 'You have won a free cruise', label: 'spam' }] })

const attributions = (noun: string) =>
  z
    .array(
      z.strictObject({
        text: z.string().meta({ description: 'What stands from start to end in the given text.' }),
        start: z.int(),
        end: z.int(),
        attribution: z.number(),
        standardError: z
          .number()
          .optional()
          .meta({ description: 'Only of Shapley values, which are estimates.' }),
      }),
    )
    .meta({
      description:
        `The ${noun} in order, with their places in UTF-16 units. An attribution is in log-odds of ` +
        'the label: positive where it speaks for the label.',
    })

const explanation = z
  .strictObject({
    model: z.string().meta({ description: 'NAME@VERSION of the model that was explained.' }),
    label: z.string(),
    score: z.number().meta({ description: 'Probability of the label.' }),
    logOdds: z.number(),
    method: z.enum(['integrated-gradients', 'occlusion', 'shapley']),
    baseline: z
      .enum(['padding', 'mask', 'unknown', 'nothing'])
      .meta({ description: 'What the text is compared with, or what replaces hidden tokens.' }),
    baselineLogOdds: z.number().nullable(),
    steps: z.int().nullable().meta({ description: 'Steps of integrated gradients.' }),
    permutations: z.int().nullable().meta({ description: 'Orders that Shapley sampling drew.' }),
    completenessGap: z
      .number()
      .nullable()
      .meta({
        description:
          'How far the attributions miss the difference of the log-odds of text and baseline, as a ' +
          'share of it; null with occlusion.',
      }),
    truncated: z
      .boolean()
      .meta({ description: 'Whether the model read only the start of the text.' }),
    tokens: attributions('tokens'),
    words: attributions('words'),
  })
  .meta({
    examples: [
      {
        model: 'mail@1',
        label: 'spam',
        score: 0.93,
        logOdds: 2.59,
        method: 'integrated-gradients',
        baseline: 'padding',
        baselineLogOdds: -0.41,
        steps: 16,
        permutations: null,
        completenessGap: 0.002,
        truncated: false,
        tokens: [{ text: 'Free', start: 0, end: 4, attribution: 2.994 }],
        words: [{ text: 'Free', start: 0, end: 4, attribution: 2.994 }],
      },
    ],
  })

const postExplain: RouteConfig = {
  method: 'post',
  path: '/v1/explain',
  summary: 'Explain a label',
  description:
    'Says which words of a text led the model to its label, as `winnow explain --json` does. An ' +
    'explanation costs as much as 50 to 2,000 classifications. One text is explained at a time, and ' +
    'at most gateway.explainQueueMax wait.',
  tags: ['classify'],
  security: [{ bearer: ['read'] }],
  parameters: [contentEncodingParameter],
  request: { body: { required: true, content: jsonContent('ExplainRequest') } },
  responses: {
    200: { description: 'The explanation.', content: jsonContent('Explanation') },
    ...problems([400, 401, 403, 404, 408, 413, 415, 422, 500, 503, 504]),
  },
}
